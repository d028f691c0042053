"""Model folders on their way into the register, and out again to who loads them."""

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import ModelError, ModelFolderError
from models.serving.manifest import check_folder
from service.errors import ModelUnavailableError
from service.storage.engine import Database
from service.storage.model_records import ModelFile
from service.storage.models import read_model_files

REPORT = "report.json"
"""The file of a model folder that holds its metrics."""

KEPT_SUFFIXES = (".json", ".safetensors", ".md", ".html")
"""Files of a folder that the register keeps: tables and texts, nothing that runs."""

MAX_FILES = 64
MAX_FOLDER_BYTES = 512 * 1024 * 1024
"""Most files, and most bytes, that a model folder may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFolder:
    """A model folder, its hashes checked."""

    version: str
    manifest: dict[str, Any]
    report: dict[str, Any]
    files: tuple[ModelFile, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(len(file.payload) for file in self.files)


def read_folder(folder: Path) -> ReadFolder:
    """Read a model folder with every file that the register keeps.

    Raises
    ------
    ModelFolderError
        If it is incomplete, changed, of another form, or too large.
    """
    manifest, _ = check_folder(folder)
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix in KEPT_SUFFIXES and path.is_file()
    )
    total = sum(path.stat().st_size for path in paths)
    if len(paths) > MAX_FILES or total > MAX_FOLDER_BYTES:
        raise ModelFolderError(
            f"{folder}: holds {len(paths)} files of {total} bytes, at most {MAX_FILES} "
            f"of {MAX_FOLDER_BYTES} are taken; name a folder that halowatch train wrote"
        )
    return ReadFolder(
        version=str(manifest["version"]),
        manifest=manifest,
        report=_read_report(folder / REPORT),
        files=tuple(_file(path) for path in paths),
    )


def fetch_folder(database: Database, version: str, home: Path) -> Path:
    """Return a folder of this machine with the files of a registered version.

    What lies there already is used where its hashes are those of the register, and is
    written again where not.

    Raises
    ------
    ModelUnavailableError
        If the register does not hold it, or the disk does not take it.
    """
    place = home / "models" / version
    with database.read() as transaction:
        files = read_model_files(transaction, version)
    if not files:
        raise ModelUnavailableError(
            f"model {version} is not in the register; halowatch models list names "
            "those that are",
            retry_after_s=60,
        )
    if all(_is_there(place / file.name, file.sha256) for file in files):
        return place
    try:
        _write(place, files)
    except OSError as error:
        raise ModelUnavailableError(
            f"model {version} cannot be written to {place}: {error.strerror}",
            retry_after_s=60,
        ) from error
    return place


def check_registered(database: Database, version: str, home: Path) -> Path:
    """Return the folder of a registered version after checking every hash.

    Raises
    ------
    ModelUnavailableError
        If it is not sound.
    """
    place = fetch_folder(database, version, home)
    try:
        manifest, _ = check_folder(place)
    except ModelError as error:
        raise ModelUnavailableError(
            f"model {version} in the register is damaged ({error}): register its "
            "folder again in another database, or restore a backup",
            retry_after_s=60,
        ) from error
    if manifest["version"] != version:
        raise ModelUnavailableError(
            f"model {version} in the register holds {manifest['version']}",
            retry_after_s=60,
        )
    return place


def _write(place: Path, files: list[ModelFile]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own first: no reader ever sees half a model.
    fresh = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        for file in files:
            (fresh / file.name).write_bytes(file.payload)
        if place.exists():
            shutil.rmtree(place)
        try:
            fresh.rename(place)
        except OSError:
            # Another worker was faster; what it wrote is the same.
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _is_there(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _file(path: Path) -> ModelFile:
    payload = path.read_bytes()
    digest = hashlib.sha256(payload).hexdigest()
    return ModelFile(name=path.name, sha256=digest, payload=payload)


def _read_report(path: Path) -> dict[str, Any]:
    try:
        report = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        raise ModelFolderError(
            f"{path}: is not JSON; train again or copy the folder again"
        ) from None
    if not isinstance(report, dict):
        raise ModelFolderError(f"{path}: is no JSON object; train again")
    return report
