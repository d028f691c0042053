"""Whether a precise fit may be believed: chi-square by trace, and of what was known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.stats

from models.twin.fit_judgement import ACCEPTED_CHI_SQUARE, BandMisfit, bands_of
from models.twin.joint_descent import Descent, JointData
from models.twin.joint_model import JointModel

Reals = npt.NDArray[np.float64]

# Short traces scatter: four standard deviations of chi-square per point.
_SCATTER = 4.0
_QUIET_CHI_SQUARE = 0.6
_FALSE_ALARM_SHARE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """How well a twin explains a sweep.

    Attributes
    ----------
    is_explained, reason
        Whether it does, and one sentence.
    chi_square_ratio
        Mean over points of |residual|^2 over its expectation.
    by_trace
        The same for each trace.
    departure_ratio
        Squares of all departures from what was known, in units of what was known,
        over what these may reach by chance in one of 10,000 sweeps.
    worst
        The band that misfits most.
    """

    is_explained: bool
    reason: str
    chi_square_ratio: float
    by_trace: dict[str, float]
    departure_ratio: float
    worst: BandMisfit


def explained(
    model: JointModel, data: JointData, found: Descent, index: int
) -> list[Explained]:
    """Judge one sweep of every trial.

    Parameters
    ----------
    index
        Which sweep of the model.
    """
    setup = model.sweeps[index].setup
    weights = data.weights[index]
    residuals = (data.seen[index] - model.rows_of(found.places, index)) * weights
    shape = (len(residuals), len(setup.s_parameters), 2, -1)
    sizes = np.sum(residuals.reshape(shape) ** 2, axis=2) / 2.0
    is_used = np.asarray((weights.reshape(shape) > 0.0).all(axis=2))
    known = np.sum((found.places / model.prior) ** 2, axis=1)
    most = float(scipy.stats.chi2.isf(_FALSE_ALARM_SHARE, model.size))
    return [
        _judge(
            setup.s_parameters,
            setup.frequency_hz,
            (size, used),
            (float(departure) / most, bool(still)),
        )
        for size, used, departure, still in zip(
            sizes, is_used, known, found.is_still, strict=True
        )
    ]


def _judge(
    names: Sequence[str],
    axis_hz: Reals,
    points: tuple[Reals, npt.NDArray[np.bool_]],
    known: tuple[float, bool],
) -> Explained:
    sizes, is_used = points
    departure_ratio, is_still = known
    counts = np.maximum(1, is_used.sum(axis=1))
    ratios = sizes.sum(axis=1) / counts
    limits = np.maximum(ACCEPTED_CHI_SQUARE, 1.0 + _SCATTER / np.sqrt(counts))
    bands = bands_of(0, names, axis_hz, points)
    worst = max(bands, key=lambda band: band.chi_square_ratio)
    whole = float(sizes.sum() / counts.sum())
    reason = f"chi-square per point is {whole:.3g} over {int(counts.sum())} points"
    if whole < _QUIET_CHI_SQUARE:
        reason += "; noise is less than the settings say: tell the IF bandwidth"
    is_explained = True
    if (ratios > limits).any():
        is_explained, reason = False, f"misfit: {reason}; {_place(worst)}"
    elif not is_still:
        is_explained, reason = False, f"misfit: the fit did not settle; {reason}"
    elif departure_ratio > 1.0:
        is_explained = False
        reason = (
            f"misfit: {reason}, but only with a receiver farther from the described"
            f" one than chance allows ({departure_ratio:.2g} times)"
        )
    return Explained(
        is_explained=is_explained,
        reason=reason,
        chi_square_ratio=whole,
        by_trace=dict(zip(names, ratios.tolist(), strict=True)),
        departure_ratio=departure_ratio,
        worst=worst,
    )


def _place(worst: BandMisfit) -> str:
    return (
        f"{worst.trace} is worst between {worst.low_hz / 1e9:.3f} and"
        f" {worst.high_hz / 1e9:.3f} GHz with {worst.chi_square_ratio:.3g}:"
        " the receiver is not what the twin describes"
    )
