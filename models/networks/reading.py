"""What an ensemble reads in sweeps, all that no sweep changes made ready before."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.networks.contributions import contributions
from models.networks.ensemble import Ensemble
from models.networks.monitoring import KnownSweeps, monitoring_scores

Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnsembleReading:
    """What members say of sweeps.

    Attributes
    ----------
    logits
        Head to logits, shape (member, sweep, output).
    scores
        Of strangeness, shape (member, sweep, score).
    t2, q
        What each trace and band adds to these, shape (sweep, trace, band).
    """

    logits: dict[str, Reals]
    scores: Reals
    t2: Reals
    q: Reals


class EnsembleReader:
    """An ensemble made ready for sweeps; it may be read by several threads at once.

    Parameters
    ----------
    ensemble
        Trained; what changes in it later is not seen.
    bank
        Components of known sweeps, shape (member, known, trace, kept).
    kept
        Bins that ratio features come from, shape (bin,).
    """

    @torch.inference_mode()
    def __init__(
        self, ensemble: Ensemble, bank: Tensor, kept: npt.NDArray[np.bool_]
    ) -> None:
        self._ensemble = ensemble
        self._fixed = ensemble.projections()
        self._known = KnownSweeps.of(bank)
        self._kept = kept

    @torch.inference_mode()
    def read(
        self,
        *,
        ratio: Singles,
        level: Singles,
        reference_level: Singles,
        coordinates: Singles,
        compared: Singles,
        present: Singles,
    ) -> EnsembleReading:
        """Read sweeps; arguments as in :meth:`Ensemble.inputs`."""
        values = torch.from_numpy(ratio)
        seen = self._ensemble.inputs(
            ratio=values,
            level=torch.from_numpy(level),
            reference_level=torch.from_numpy(reference_level),
            coordinates=torch.from_numpy(coordinates),
            compared=torch.from_numpy(compared),
            present=torch.from_numpy(present),
            through=self._fixed,
        )
        logits = {
            name: each.double().numpy()
            for name, each in self._ensemble.judge(seen).items()
        }
        mask = seen.compared[0]
        parted = self._fixed.ratio.parted(values, seen.ratio)
        scores = monitoring_scores(parted, self._known, mask)
        t2, q = contributions(parted, mask, self._kept)
        return EnsembleReading(
            logits=logits, scores=scores.double().numpy(), t2=t2, q=q
        )
