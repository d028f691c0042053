"""The coordinates of a receiver, the same for every sweep once they are found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg import block_diag

from models.coordinates.following import Following, KnownSignals
from models.coordinates.signal import (
    Complexes,
    Flags,
    Reals,
    bin_traces,
    common_turns,
)
from models.coordinates.texture import band_powers, pressed
from models.coordinates.trace import TraceForm
from models.preprocessing.axes import AxisMemory
from models.preprocessing.grid import Binning, bin_axis
from models.preprocessing.references import ReferenceMemory
from models.preprocessing.view import SweepView, Traces

LOOSE_NAMES = ("phase_rad", "delay")
"""Coordinates of the smooth part that tell lengths and connections first."""

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
    _references: ReferenceMemory[KnownSignals | None] = field(
        default_factory=ReferenceMemory, init=False, repr=False
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

    @cached_property
    def scatter(self) -> Reals:
        """How re-made reflections scatter the coordinates, trace by trace.

        Each over the power of its noise; zeros for what is no smooth part, shape
        (coordinate, coordinate).
        """
        return np.asarray(
            block_diag(*[form.scatter() for form in self.traces.values()])
        )

    @cached_property
    def loose(self) -> Flags:
        """Coordinates that a re-made connector moves at will: phase and delay."""
        return np.array([name.split(" ")[-1] in LOOSE_NAMES for name in self.names])

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
        own = np.full(
            (len(views), len(self.traces), self.bin_count), np.nan, dtype=np.complex64
        )
        known: list[KnownSignals] = []
        # Many sweeps share one reference.
        places: dict[int, int | None] = {}
        rows = np.zeros(len(views), dtype=np.intp)
        for row, view in enumerate(views):
            if view.reference is None or view.reference_hz is None:
                continue
            key = id(view.reference)
            if key not in places:
                found = self._known(view.reference_hz, view.reference)
                places[key] = None if found is None else len(known)
                known += [] if found is None else [found]
            mine = self.sweep_signals(view.frequency_hz, view.traces)
            place = places[key]
            if mine is not None and place is not None:
                own[row], rows[row] = mine, place
        if not known:
            return self._nothing(len(views))
        return self._compared(own, KnownSignals.joined(known), rows)

    def _known(self, frequency_hz: Reals, traces: Traces) -> KnownSignals | None:
        """Make a reference ready; None where its axis does not fit."""

        def work_out() -> KnownSignals | None:
            signals = self.sweep_signals(frequency_hz, traces)
            if signals is None:
                return None
            whole = signals[None].astype(np.complex128)
            return self._following.known(whole, _there(whole))

        return self._references.recall(frequency_hz, traces, work_out)

    @cached_property
    def _following(self) -> Following:
        return Following.of(tuple(self.traces.values()))

    def _compared(
        self, own: Signals, known: KnownSignals, rows: npt.NDArray[np.intp]
    ) -> Coordinates:
        """Compare signals, (sweep, trace, bin), each with the reference of its row."""
        parts = []
        for start in range(0, own.shape[0], _CHUNK):
            part = slice(start, start + _CHUNK)
            parts.append(self._chunk(own[part], known.taken(rows[part])))
        return _joined(parts)

    def _chunk(self, own: Signals, known: KnownSignals) -> Coordinates:
        there = _there(own) & known.there
        if not there.any():
            return self._nothing(own.shape[0])
        # What is missing is taken for 1, and left out in the end.
        mine = np.where(there[..., None], own, 1.0).astype(np.complex128)
        theirs = np.broadcast_to(known.signals, mine.shape)
        following = self._following
        echoes = following.echoes(mine, known.echoes)
        first, rests = [], np.empty(mine.shape, dtype=np.complex128)
        for index, form in enumerate(self.traces.values()):
            strength = following.earliest_of(index, echoes)
            values, rest = form.split(mine[:, index], theirs[:, index], strength)
            rests[:, index] = pressed(rest, form.kept)
            first.append(values)
        levels = np.stack([values[:, 0] for values in first], axis=1)
        stretches = following.stretches(following.relative(echoes), levels)
        modes = following.modes(mine) - known.modes
        count = own.shape[0]
        values = np.concatenate(
            [*first, stretches.reshape(count, -1), modes.reshape(count, -1)], axis=1
        )[:, self._order]
        texture = band_powers(rests).reshape(count, -1)
        values[~there[:, self.trace_of]] = np.nan
        texture[~there[:, self.trace_of_texture]] = np.nan
        return Coordinates(values=values, texture=texture)

    @cached_property
    def _order(self) -> npt.NDArray[np.intp]:
        """What sorts smooth parts, echoes and modes of all traces by trace."""
        following = self._following
        counts = [len(form.first_names) for form in following.forms]
        trace_of = [
            np.repeat(np.arange(len(counts)), counts),
            np.repeat(following.trace_of[following.followed], 2),
            np.repeat(following.trace_of_mode, 2),
        ]
        return np.argsort(np.concatenate(trace_of), kind="stable")

    def _nothing(self, count: int) -> Coordinates:
        return Coordinates(
            values=np.full((count, self.trace_of.size), np.nan),
            texture=np.full((count, self.trace_of_texture.size), np.nan),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _PlacedAxis:
    """An axis on the canonical grid, and what takes each trace's delay off there."""

    binning: Binning
    turns: Complexes


def _there(signals: npt.NDArray[np.complexfloating]) -> Flags:
    """Return which traces are there, (sweep, trace, bin) to (sweep, trace)."""
    return np.asarray(np.isfinite(signals).all(axis=-1))


def _joined(parts: Sequence[Coordinates]) -> Coordinates:
    if len(parts) == 1:
        return parts[0]
    return Coordinates(
        values=np.concatenate([part.values for part in parts]),
        texture=np.concatenate([part.texture for part in parts]),
    )
