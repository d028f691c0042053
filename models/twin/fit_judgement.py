"""Whether a fitted twin may be believed: chi-square per point, trace by trace."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.twin.calibration_set import Reals, Samples, SweepData

ACCEPTED_CHI_SQUARE = 1.2
"""Chi-square per point up to which a fit is believed."""

SPIKE_SIGMA = 8.0
"""Residual in standard deviations from which one point is a spike."""

LARGEST_SPIKE_SHARE = 0.005
"""Share of points that may be spikes."""

_BAND_COUNT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BandMisfit:
    """Where the model and the sweeps differ most.

    Attributes
    ----------
    sweep_index, trace
        Which sweep and S-parameter.
    low_hz, high_hz
        Band in Hz.
    chi_square_ratio
        There.
    """

    sweep_index: int
    trace: str
    low_hz: float
    high_hz: float
    chi_square_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FitQuality:
    """How well a model explains its sweeps.

    Attributes
    ----------
    chi_square_ratio
        Mean over points of |residual|^2 over its expectation, spikes left out where
        they are few; 1 for a right model.
    by_trace
        The same for each trace.
    point_count, spike_count
        Complex points used, and spikes among them.
    worst
        The band that misfits most.
    """

    chi_square_ratio: float
    by_trace: dict[str, float]
    point_count: int
    spike_count: int
    worst: BandMisfit

    @property
    def is_accepted(self) -> bool:
        """Whether the fit is believed, as a whole and in every trace."""
        return max(self.by_trace.values()) <= ACCEPTED_CHI_SQUARE

    def reason(self) -> str:
        """Return the one sentence on it."""
        whole = f"chi-square per point is {self.chi_square_ratio:.3g}"
        if self.is_accepted:
            return f"{whole} over {self.point_count} points"
        worst = self.worst
        return (
            f"misfit: {whole}; {worst.trace} of sweep {worst.sweep_index} is worst"
            f" between {worst.low_hz / 1e9:.3f} and {worst.high_hz / 1e9:.3f} GHz"
            f" with {worst.chi_square_ratio:.3g}: the description lacks a part,"
            " or a state is not what the archive says"
        )


def judge_fit(data: list[SweepData], predicted: list[Samples]) -> FitQuality:
    """Compare sweeps with a model, with neither prior nor robust weight.

    Parameters
    ----------
    predicted
        Traces of each sweep, shape (trace, point).
    """
    sizes = [
        np.where(
            one.is_used, np.abs(one.samples - model) ** 2 / one.sigma**2 / 2.0, 0.0
        )
        for one, model in zip(data, predicted, strict=True)
    ]
    used = [one.is_used.copy() for one in data]
    point_count = sum(int(mask.sum()) for mask in used)
    spikes = [size > 0.5 * SPIKE_SIGMA**2 for size in sizes]
    spike_count = sum(int(spike.sum()) for spike in spikes)
    if spike_count <= LARGEST_SPIKE_SHARE * point_count:
        used = [mask & ~spike for mask, spike in zip(used, spikes, strict=True)]
    names = sorted({name for one in data for name in one.names})
    return FitQuality(
        chi_square_ratio=_mean(sizes, used),
        by_trace={name: _mean_of(name, data, sizes, used) for name in names},
        point_count=point_count,
        spike_count=spike_count,
        worst=max(_bands(data, sizes, used), key=lambda band: band.chi_square_ratio),
    )


def _mean(sizes: list[np.ndarray], used: list[np.ndarray]) -> float:
    total = sum(float(size[mask].sum()) for size, mask in zip(sizes, used, strict=True))
    return total / max(1, sum(int(mask.sum()) for mask in used))


def _mean_of(
    name: str,
    data: list[SweepData],
    sizes: list[np.ndarray],
    used: list[np.ndarray],
) -> float:
    rows = [
        (size[one.names.index(name)], mask[one.names.index(name)])
        for one, size, mask in zip(data, sizes, used, strict=True)
        if name in one.names
    ]
    return _mean([size for size, _ in rows], [mask for _, mask in rows])


def _bands(
    data: list[SweepData], sizes: list[np.ndarray], used: list[np.ndarray]
) -> list[BandMisfit]:
    return [
        band
        for index, (one, size, mask) in enumerate(zip(data, sizes, used, strict=True))
        for band in bands_of(index, one.names, one.sweep.frequency_hz, (size, mask))
    ]


def bands_of(
    sweep_index: int,
    names: Sequence[str],
    axis_hz: Reals,
    points: tuple[Reals, npt.NDArray[np.bool_]],
) -> list[BandMisfit]:
    """Return how each band of each trace of a sweep misfits.

    Parameters
    ----------
    points
        |residual|^2 over its expectation, and which points count, shape (trace, point).
    """
    sizes, is_used = points
    found = []
    for row, name in enumerate(names):
        for piece in np.array_split(np.arange(axis_hz.size), _BAND_COUNT):
            open_points = piece[is_used[row, piece]]
            if open_points.size:
                found.append(
                    BandMisfit(
                        sweep_index=sweep_index,
                        trace=name,
                        low_hz=float(axis_hz[piece[0]]),
                        high_hz=float(axis_hz[piece[-1]]),
                        chi_square_ratio=float(sizes[row, open_points].mean()),
                    )
                )
    return found
