"""The guard of pre-training: what it brought on left-out cycles, head by head."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.training.kernel import HEATS
from models.training.labels import HeadLabels

Reals = npt.NDArray[np.float64]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedHead:
    """One head with and without pre-training, on left-out cycles.

    Attributes
    ----------
    is_kept
        Whether the pre-trained head serves.
    plain_loss, pretrained_loss
        Mean cross entropy in nats, each at the best softmax temperature of its own.
    gain_nats, gain_error_nats
        Mean over thermal cycles of what pre-training takes off it, and the standard
        error of that mean.
    better_cycle_count, cycle_count
        Cycles that pre-training reads better, of all that have labels.
    """

    is_kept: bool
    plain_loss: float
    pretrained_loss: float
    gain_nats: float
    gain_error_nats: float
    better_cycle_count: int
    cycle_count: int

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping."""
        return asdict(self)


def judge_head(
    plain: Reals, pretrained: Reals, label: HeadLabels, thermal_cycle: Texts
) -> GuardedHead:
    """Compare a head's two forms on sweeps whose cycle neither has seen.

    Pre-training is kept where it reads the left-out cycles better by more than the
    standard error: what is no better than luck is not kept.

    Parameters
    ----------
    plain, pretrained
        Logits of left-out sweeps, shape (sweep, output).
    thermal_cycle
        Of the sweeps, shape (sweep,).
    """
    own, taught = (_losses(each, label) for each in (plain, pretrained))
    weight = label.weight.double().numpy()
    gains = []
    for cycle in np.unique(thermal_cycle[weight > 0]):
        rows = (thermal_cycle == cycle) & (weight > 0)
        gains.append(float(np.average(own[rows] - taught[rows], weights=weight[rows])))
    gain, count = float(np.mean(gains)), len(gains)
    error = float(np.std(gains, ddof=1) / np.sqrt(count)) if count > 1 else np.inf
    losses = [float(np.average(each, weights=weight)) for each in (own, taught)]
    return GuardedHead(
        is_kept=gain > error and losses[1] < losses[0],
        plain_loss=losses[0],
        pretrained_loss=losses[1],
        gain_nats=gain,
        gain_error_nats=error if np.isfinite(error) else 0.0,
        better_cycle_count=sum(each > 0.0 for each in gains),
        cycle_count=count,
    )


def _losses(logits: Reals, label: HeadLabels) -> Reals:
    """Return the cross entropy of each sweep at the best softmax temperature."""
    values = torch.from_numpy(logits)
    soft, weight = label.soft.double(), label.weight.double()
    tried = [
        -(soft * torch.log_softmax(values / heat, dim=-1)).sum(dim=-1) for heat in HEATS
    ]
    totals = [float((each * weight).sum()) for each in tried]
    return tried[int(np.argmin(totals))].numpy()
