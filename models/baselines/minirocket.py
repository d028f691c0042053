"""MiniRocket: shares of a sweep at which fixed kernels exceed fitted thresholds.

After Dempster, Schmidt and Webb, KDD 2021 (arXiv:2012.08791): 84 kernels of nine taps,
dilated from neighbours to the whole axis; what is learnt is thresholds only, quantiles
of the convolutions of sweeps of the training set.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

KERNEL_COUNT = 84
"""Every choice of three taps out of nine."""

_TAPS = 9
_MOST_DILATIONS = 32
_MOST_CHANNELS = 9
_GOLDEN_RATIO = (np.sqrt(5.0) + 1.0) / 2.0
_CHUNK_BYTES = 1 << 21

Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class MiniRocket:
    """A fitted transform.

    Attributes
    ----------
    dilations
        Distance between the taps, in points, shape (dilation,).
    thresholds_per_kernel
        How many thresholds a kernel has at each dilation, shape (dilation,).
    channels
        Channels that a kernel sums over, shape (dilation, kernel, channel).
    thresholds
        Ordered by dilation, kernel and number, shape (feature,).
    """

    dilations: Integers
    thresholds_per_kernel: Integers
    channels: npt.NDArray[np.bool_]
    thresholds: Singles

    @classmethod
    def fit(cls, series: Singles, *, feature_count: int = 2520, seed: int = 0) -> Self:
        """Fit the thresholds to training sweeps.

        Parameters
        ----------
        series
            Shape (sweep, channel, point), finite.
        feature_count
            Features wanted, 84 at least; the multiple of 84 below it is made.

        Raises
        ------
        ValueError
            If there is no sweep, or a sweep has fewer points than a kernel has taps.
        """
        sweeps, channel_count, points = series.shape
        if sweeps == 0 or points < _TAPS:
            raise ValueError(
                f"{sweeps} sweeps of {points} points: MiniRocket needs one sweep of "
                f"{_TAPS} points at least"
            )
        rng = np.random.default_rng([seed, 84])
        dilations, counts = _dilations(points, feature_count)
        channels = _draw_channels(rng, dilations.size, channel_count)
        fitted = cls(
            dilations=dilations,
            thresholds_per_kernel=counts,
            channels=channels,
            thresholds=np.zeros(KERNEL_COUNT * int(counts.sum()), np.float32),
        )
        fitted._fit_thresholds(series, rng)
        return fitted

    @property
    def feature_count(self) -> int:
        """Features of a sweep."""
        return int(self.thresholds.size)

    def features(self, series: Singles) -> Singles:
        """Return the shares of points above each threshold.

        Parameters
        ----------
        series
            As in :meth:`fit`, of the same channels and points.

        Returns
        -------
        ndarray
            Between 0 and 1, shape (sweep, feature).
        """
        found = np.empty((series.shape[0], self.feature_count), np.float32)
        step = max(_CHUNK_BYTES // (4 * KERNEL_COUNT * series.shape[2]), 1)
        for start in range(0, series.shape[0], step):
            part = slice(start, start + step)
            found[part] = self._shares(torch.from_numpy(series[part]).float())
        return found

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return everything that was fitted, by name."""
        return {
            "dilations": self.dilations.astype(np.int64),
            "thresholds_per_kernel": self.thresholds_per_kernel.astype(np.int64),
            "channels": self.channels.astype(np.uint8),
            "thresholds": self.thresholds,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Read what :meth:`to_arrays` wrote.

        Raises
        ------
        ValueError
            If the arrays do not fit each other.
        """
        dilations = arrays["dilations"].astype(np.intp)
        counts = arrays["thresholds_per_kernel"].astype(np.intp)
        channels = arrays["channels"].astype(np.bool_)
        thresholds = arrays["thresholds"].astype(np.float32)
        if (
            dilations.ndim != 1
            or counts.shape != dilations.shape
            or channels.ndim != 3
            or channels.shape[:2] != (dilations.size, KERNEL_COUNT)
            or thresholds.shape != (KERNEL_COUNT * int(counts.sum()),)
            or not (dilations > 0).all()
            or not (counts > 0).all()
            or not np.isfinite(thresholds).all()
        ):
            raise ValueError("the arrays of a MiniRocket do not fit each other")
        return cls(
            dilations=dilations,
            thresholds_per_kernel=counts,
            channels=channels,
            thresholds=thresholds,
        )

    @torch.inference_mode()
    def _shares(self, series: Tensor) -> Singles:
        sweeps, _, points = series.shape
        found = np.empty((sweeps, self.feature_count), np.float32)
        above = torch.empty((KERNEL_COUNT, sweeps, points))
        for number, rows, limits in self._steps():
            values = self._convolved(series, number)
            margin = (_TAPS // 2) * int(self.dilations[number])
            counted, sizes = _counted(points, margin)
            shares = np.empty((sweeps, *limits.shape), np.float32)
            for threshold, each in enumerate(limits.T):
                # Ones and zeros as floats: the fastest product then counts them.
                torch.gt(values, torch.from_numpy(each)[:, None, None], out=above)
                counts = (above.numpy().reshape(-1, points) @ counted) / sizes
                whole, inner = counts.reshape(KERNEL_COUNT, sweeps, 2).transpose(
                    2, 1, 0
                )
                shares[:, :, threshold] = inner
                # Every second kernel looks at the ends as well.
                ends = slice(number % 2, None, 2)
                shares[:, ends, threshold] = whole[:, ends]
            found[:, rows] = shares.reshape(sweeps, -1)
        return found

    def _steps(self) -> Iterator[tuple[int, slice, Singles]]:
        """Yield dilation, its features, and their thresholds, (kernel, number)."""
        start = 0
        for number, count in enumerate(self.thresholds_per_kernel):
            rows = slice(start, start + KERNEL_COUNT * int(count))
            limits = self.thresholds[rows]
            yield number, rows, limits.reshape(KERNEL_COUNT, int(count))
            start = rows.stop

    @cached_property
    def _weights(self) -> Tensor:
        """Kernels over the channels that they hear, (dilation, kernel, channel tap)."""
        heard = torch.from_numpy(self.channels.astype(np.float32))
        return (heard[..., None] * _KERNELS[:, None, :]).flatten(2)

    def _convolved(self, series: Tensor, number: int) -> Tensor:
        """Convolve with all kernels of one dilation, (kernel, sweep, point)."""
        spread = int(self.dilations[number])
        margin = (_TAPS // 2) * spread
        sweeps, _, points = series.shape
        padded = torch.nn.functional.pad(series, (margin, margin))
        taps = padded.unfold(2, points, spread).permute(1, 2, 0, 3)
        found = self._weights[number] @ taps.reshape(-1, sweeps * points)
        return found.reshape(KERNEL_COUNT, sweeps, points)

    @torch.inference_mode()
    def _fit_thresholds(self, series: Singles, rng: np.random.Generator) -> None:
        levels = (np.arange(1, self.feature_count + 1) * _GOLDEN_RATIO) % 1.0
        for number, rows, limits in self._steps():
            drawn = rng.integers(series.shape[0], size=KERNEL_COUNT)
            asked = levels[rows].reshape(limits.shape)
            for sweep in np.unique(drawn):
                one = torch.from_numpy(series[sweep : sweep + 1]).float()
                values = self._convolved(one, number)[:, 0].numpy()
                for kernel in np.flatnonzero(drawn == sweep):
                    # A view of the thresholds: filled in place.
                    limits[kernel] = np.quantile(values[kernel], asked[kernel])


@lru_cache(maxsize=64)
def _counted(points: int, margin: int) -> tuple[Singles, Singles]:
    """Return which points count, 1 or 0, and how many do.

    All of them, and those of whole convolutions only; shapes (point, 2) and (2,).
    """
    counted = np.ones((points, 2), np.float32)
    counted[:margin, 1] = counted[max(points - margin, 0) :, 1] = 0.0
    return counted, np.maximum(counted.sum(axis=0), 1.0)


def _dilations(points: int, feature_count: int) -> tuple[Integers, Integers]:
    """Spread the thresholds of a kernel over dilations, evenly in their logarithm."""
    wanted = max(feature_count // KERNEL_COUNT, 1)
    most = min(wanted, _MOST_DILATIONS)
    largest = np.log2((points - 1) / (_TAPS - 1))
    steps = np.logspace(0, largest, most, base=2).astype(np.intp)
    dilations, counts = np.unique(steps, return_counts=True)
    counts = (counts * (wanted / most)).astype(np.intp)
    missing = wanted - int(counts.sum())
    counts[:missing] += 1
    return dilations, counts


def _draw_channels(
    rng: np.random.Generator, dilations: int, channel_count: int
) -> npt.NDArray[np.bool_]:
    """Let every kernel sum over few channels or many, evenly in the logarithm."""
    largest = np.log2(min(channel_count, _MOST_CHANNELS) + 1)
    sizes = (2.0 ** rng.uniform(0, largest, (dilations, KERNEL_COUNT))).astype(int)
    order = rng.random((dilations, KERNEL_COUNT, channel_count)).argsort(axis=2)
    return np.asarray(order < sizes[..., None])


def _kernels() -> Tensor:
    kernels = torch.full((KERNEL_COUNT, _TAPS), -1.0)
    for row, taps in enumerate(combinations(range(_TAPS), 3)):
        kernels[row, list(taps)] = 2.0
    return kernels


_KERNELS = _kernels()
