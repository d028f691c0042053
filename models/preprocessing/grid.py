"""Any axis onto the bins of the training band, by averages of complex samples."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

BIN_COUNT = 256
"""Bins of the canonical grid."""

Reals: TypeAlias = npt.NDArray[np.float64]
Complexes: TypeAlias = npt.NDArray[np.complex128]

_LEAST_FILLED = 0.5
_SLACK_BINS = 1.5


@dataclass(frozen=True, slots=True)
class Binning:
    """Which points of an axis fall into which bin of a band.

    Attributes
    ----------
    lower, upper
        First point of each bin and the one after its last, shape (bin,).
    centre_hz
        Middle of each bin in Hz, shape (bin,).
    filled
        Whether a bin holds a point, shape (bin,).
    """

    lower: npt.NDArray[np.intp]
    upper: npt.NDArray[np.intp]
    centre_hz: Reals
    filled: npt.NDArray[np.bool_]

    def sums(self, values: npt.NDArray[np.inexact]) -> npt.NDArray[np.inexact]:
        """Sum samples bin by bin, shape (..., point) to (..., bin)."""
        whole = values[..., : self.upper[-1]]
        if self.filled.all():
            return np.asarray(np.add.reduceat(whole, self.lower, axis=-1))
        # An empty bin starts where the next one does.
        found = np.zeros((*values.shape[:-1], self.filled.size), values.dtype)
        lower = self.lower[self.filled]
        found[..., self.filled] = np.add.reduceat(whole, lower, axis=-1)
        return found

    def bridge(self, values: Reals) -> Reals:
        """Fill empty bins from their neighbours, shape (..., bin)."""
        if self.filled.all():
            return values
        at = np.arange(self.filled.size)
        known = at[self.filled]
        rows = values.reshape(-1, at.size)
        bridged = np.stack([np.interp(at, known, row[known]) for row in rows])
        return bridged.reshape(values.shape)


def bin_axis(
    frequency_hz: Reals, band_hz: tuple[float, float], bin_count: int = BIN_COUNT
) -> Binning | None:
    """Place an axis on the bins of a band.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,), rising.
    band_hz
        Start and stop of the band in Hz.

    Returns
    -------
    Binning or None
        None where the axis does not cover the band, or is too coarse for it.
    """
    start, stop = band_hz
    width = (stop - start) / bin_count
    slack = _SLACK_BINS * width
    if frequency_hz[0] > start + slack or frequency_hz[-1] < stop - slack:
        return None
    edges = start + width * np.arange(bin_count + 1)
    # The last point of the band belongs to the last bin.
    edges[-1] += 1e-6 * width
    cuts = np.searchsorted(frequency_hz, edges - 1e-9 * width)
    filled = cuts[1:] > cuts[:-1]
    if filled.mean() < _LEAST_FILLED:
        return None
    return Binning(cuts[:-1], cuts[1:], 0.5 * (edges[1:] + edges[:-1]), filled)


def binned_power(binning: Binning, traces: Complexes) -> Reals:
    """Return the sum of |S|^2 in each bin, (trace, point) to (trace, bin)."""
    return np.asarray(binning.sums(traces.real**2 + traces.imag**2), np.float64)


def binned_level(binning: Binning, traces: Complexes) -> Reals:
    """Return ln of the rms magnitude in each bin, (trace, point) to (trace, bin)."""
    return level_of_power(binning, binned_power(binning, traces))


def level_of_power(binning: Binning, power: Reals) -> Reals:
    """Return ln of the rms magnitude from :func:`binned_power`, same shape."""
    mean = power / np.maximum(binning.upper - binning.lower, 1)
    return binning.bridge(0.5 * np.log(np.maximum(mean, 1e-24)))


def binned_log_ratio(
    binning: Binning,
    traces: Complexes,
    references: Complexes,
    reference_power: Reals | None = None,
) -> tuple[Reals, Reals]:
    """Return the complex log-ratio of traces to their references, bin by bin.

    The ratio of a bin is the least-squares one, sum(S R*) / sum(|R|^2), so noise
    at the bottom of a notch does not decide. Its phase is continued from bin to bin
    and then placed such that a pure change of delay passes through zero at 0 Hz.

    Parameters
    ----------
    traces, references
        Complex samples on the same axis, shape (trace, point).
    reference_power
        Of the references, from :func:`binned_power`, where it is known.

    Returns
    -------
    magnitude : Reals
        ln |ratio|, shape (trace, bin).
    phase_rad : Reals
        Phase of the ratio in rad, shape (trace, bin).
    """
    across = binning.sums(traces * references.conj())
    if reference_power is None:
        reference_power = binned_power(binning, references)
    ratio = across / np.maximum(reference_power, 1e-24)
    filled = binning.filled
    centre = binning.centre_hz
    known = ratio[:, filled]
    spacing = float(centre[1] - centre[0])
    turns = (known[:, 1:] * known[:, :-1].conj()).sum(axis=1)
    slope = np.angle(turns) / spacing
    middle = 0.5 * (centre[0] + centre[-1])
    straight = slope[:, None] * (centre - middle)
    levelled = ratio * np.exp(-1j * straight)
    offset = np.angle(levelled[:, filled].sum(axis=1))
    offset -= 2 * np.pi * np.round((offset - slope * middle) / (2 * np.pi))
    rest = np.angle(levelled * np.exp(-1j * offset)[:, None])
    magnitude = np.log(np.maximum(np.abs(ratio), 1e-6))
    return (
        binning.bridge(magnitude),
        binning.bridge(rest + straight + offset[:, None]),
    )


def onto_axis(
    frequency_hz: Reals, other_hz: Reals, traces: Complexes
) -> Complexes | None:
    """Bring traces from another axis to this one.

    The mean delay is taken off before interpolating and put back after, so that
    phase does not alias.

    Parameters
    ----------
    frequency_hz
        Wanted axis in Hz, shape (point,).
    other_hz
        Axis of the traces in Hz, shape (other,).
    traces
        Shape (trace, other).

    Returns
    -------
    Complexes or None
        Shape (trace, point); None where the axes do not overlap by half.
    """
    if np.array_equal(frequency_hz, other_hz):
        return traces
    inside = (frequency_hz >= other_hz[0]) & (frequency_hz <= other_hz[-1])
    if inside.mean() < 0.5 or other_hz.size < 2:
        return None
    step = np.median(np.diff(other_hz))
    slope = np.angle((traces[:, 1:] * traces[:, :-1].conj()).sum(axis=1)) / step
    still = traces * np.exp(-1j * slope[:, None] * other_hz)
    moved = np.stack(
        [
            np.interp(frequency_hz, other_hz, row.real)
            + 1j * np.interp(frequency_hz, other_hz, row.imag)
            for row in still
        ]
    )
    return np.asarray(moved * np.exp(1j * slope[:, None] * frequency_hz))
