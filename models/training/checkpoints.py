"""Members that are finished, kept until the whole model is: a kill costs one member."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy
import torch

from models.networks.ensemble import Ensemble

FOLDER = ".training"
"""Inside the folder of the model that is being made."""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Finished members of one training.

    Attributes
    ----------
    folder
        Where they are kept; None keeps nothing.
    key
        Hash of all that decides what a member becomes.
    """

    folder: Path | None
    key: str

    @classmethod
    def of(cls, output_dir: Path | None, described: dict[str, Any]) -> "Checkpoints":
        """Keep members in a model's folder, under a hash of what they are made from."""
        text = json.dumps(described, sort_keys=True, default=str)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        return cls(None if output_dir is None else output_dir / FOLDER, key)

    def fill(self, name: str, member: Ensemble) -> bool:
        """Fill a member with what was kept of it; say whether anything was."""
        path = self._path(name)
        if path is None or not path.is_file():
            return False
        try:
            found = safetensors.numpy.load(path.read_bytes())
            member.load_state_dict(
                {key: torch.from_numpy(value.copy()) for key, value in found.items()}
            )
        except (OSError, RuntimeError, safetensors.SafetensorError):
            # Cut short by the kill: that member is fitted again.
            return False
        return True

    def keep(self, name: str, member: Ensemble) -> None:
        """Keep a finished member, whole or not at all."""
        path = self._path(name)
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            key: value.detach().contiguous().numpy()
            for key, value in member.state_dict().items()
        }
        fresh = path.with_suffix(".part")
        fresh.write_bytes(safetensors.numpy.save(state))
        fresh.replace(path)

    def clear(self) -> None:
        """Forget all members: the model is stored."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: str) -> Path | None:
        if self.folder is None:
            return None
        return self.folder / f"{self.key}-{name}.safetensors"
