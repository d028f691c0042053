"""The coordinates of a receiver, the same for every sweep once they are found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import (
    Complexes,
    Flags,
    Reals,
    bin_traces,
    common_turns,
    whole_signals,
)
from models.coordinates.trace import TraceForm
from models.preprocessing.axes import AxisMemory
from models.preprocessing.grid import Binning, bin_axis
from models.preprocessing.view import SweepView, Traces

Signals: TypeAlias = npt.NDArray[np.complex64]

_CHUNK = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coordinates:
    """Sweeps against their references; NaN where a trace is missing in either.

    Attributes
    ----------
    values
        Shape (sweep, coordinate).
    texture
        ln of power in bands of delay, shape (sweep, texture).
    """

    values: Reals
    texture: Reals


@dataclass(frozen=True, kw_only=True, eq=False)
class CoordinateForm:
    """How sweeps are put into coordinates.

    Attributes
    ----------
    band_hz
        Start and stop of the band in Hz.
    bin_count
        Bins of the canonical grid.
    traces
        Trace name to its form, in the order of the coordinates.
    """

    band_hz: tuple[float, float]
    bin_count: int
    traces: dict[str, TraceForm]
    _axes: AxisMemory["_PlacedAxis | None"] = field(
        default_factory=AxisMemory, init=False, repr=False
    )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, each with its trace."""
        return tuple(
            f"{trace} {name}"
            for trace, form in self.traces.items()
            for name in form.names
        )

    @cached_property
    def trace_of(self) -> npt.NDArray[np.intp]:
        """Number of the trace that each coordinate comes from."""
        counts = [len(form.names) for form in self.traces.values()]
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def trace_of_texture(self) -> npt.NDArray[np.intp]:
        """Number of the trace that each number of the texture comes from."""
        counts = [form.texture_count for form in self.traces.values()]
        return np.repeat(np.arange(len(counts)), counts)

    def signals(self, frequency_hz: Reals, samples: Complexes) -> Signals | None:
        """Put traces on the canonical grid; None where the axis does not fit.

        Parameters
        ----------
        frequency_hz
            Shape (point,).
        samples
            In the order of the form, NaN where missing, shape (..., trace, point).

        Returns
        -------
        ndarray
            Shape (..., trace, bin).
        """
        placed = self._axes.recall(frequency_hz, self._placed)
        if placed is None:
            return None
        there = np.asarray(np.isfinite(samples).all(axis=-1))
        whole = np.where(there[..., None], samples, 0.0)
        signals = bin_traces(placed.binning, whole, placed.turns)
        signals[~there] = np.nan
        return signals.astype(np.complex64)

    def _placed(self, frequency_hz: Reals) -> "_PlacedAxis | None":
        binning = bin_axis(frequency_hz, self.band_hz, self.bin_count)
        if binning is None:
            return None
        delays = np.array([form.delay_s for form in self.traces.values()])
        return _PlacedAxis(binning, common_turns(binning, frequency_hz, delays))

    def sweep_signals(self, frequency_hz: Reals, traces: Traces) -> Signals | None:
        """Put one sweep on the canonical grid, shape (trace, bin)."""
        missing = np.full(frequency_hz.size, np.nan, dtype=np.complex128)
        rows = [np.asarray(traces.get(name, missing)) for name in self.traces]
        return self.signals(frequency_hz, np.stack(rows).astype(np.complex128))

    def of_views(self, views: Sequence[SweepView]) -> Coordinates:
        """Put sweeps into coordinates; all NaN where there is nothing to compare."""
        shape = (len(views), len(self.traces), self.bin_count)
        own = np.full(shape, np.nan, dtype=np.complex64)
        known = np.full(shape, np.nan, dtype=np.complex64)
        # Many sweeps share one reference.
        seen: dict[int, Signals | None] = {}
        for row, view in enumerate(views):
            if view.reference is None or view.reference_hz is None:
                continue
            key = id(view.reference)
            if key not in seen:
                seen[key] = self.sweep_signals(view.reference_hz, view.reference)
            theirs = seen[key]
            mine = self.sweep_signals(view.frequency_hz, view.traces)
            if mine is not None and theirs is not None:
                own[row], known[row] = mine, theirs
        return self.coordinates(own, known)

    def coordinates(self, own: Signals, known: Signals) -> Coordinates:
        """Compare signals with those of their references.

        Parameters
        ----------
        own, known
            Shape (sweep, trace, bin).
        """
        parts = [
            self._chunk(own[start : start + _CHUNK], known[start : start + _CHUNK])
            for start in range(0, own.shape[0], _CHUNK)
        ]
        return Coordinates(
            values=np.concatenate([part.values for part in parts]),
            texture=np.concatenate([part.texture for part in parts]),
        )

    def _chunk(self, own: Signals, known: Signals) -> Coordinates:
        found: list[tuple[Reals, Reals]] = []
        for index, form in enumerate(self.traces.values()):
            mine = own[:, index].astype(np.complex128)
            theirs = known[:, index].astype(np.complex128)
            there = whole_signals(mine) & whole_signals(theirs)
            if not there.any():
                found.append(_missing(form, there.size))
                continue
            values, texture = form.values(mine[there], theirs[there])
            found.append((_spread(values, there), _spread(texture, there)))
        values, texture = (
            np.concatenate(parts, axis=1) for parts in zip(*found, strict=True)
        )
        return Coordinates(values=values, texture=texture)


@dataclass(frozen=True, slots=True, eq=False)
class _PlacedAxis:
    """An axis on the canonical grid, and what takes each trace's delay off there."""

    binning: Binning
    turns: Complexes


def _missing(form: TraceForm, count: int) -> tuple[Reals, Reals]:
    """Return coordinates and texture of sweeps that lack a trace."""
    sizes = (len(form.names), form.texture_count)
    values, texture = (np.full((count, size), np.nan) for size in sizes)
    return values, texture


def _spread(values: Reals, there: Flags) -> Reals:
    whole = np.full((there.size, values.shape[1]), np.nan)
    whole[there] = values
    return whole
