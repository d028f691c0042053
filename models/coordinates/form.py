"""The coordinates of a receiver: found from archives, then the same for every sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import Complexes, Flags, Reals, bin_traces, mean_step
from models.coordinates.trace import SNAP_ORDER, TraceForm, find_trace_form
from models.preprocessing.grid import bin_axis

Traces = Mapping[str, npt.NDArray[np.complexfloating]]

CANONICAL_BINS = 512
"""Bins of the canonical grid where the training axis has as many points."""

_CHUNK = 128
_MOST_STUDIED = 600


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coordinates:
    """Sweeps against their references; NaN where a trace is missing in either.

    Attributes
    ----------
    values
        Shape (sweep, coordinate).
    texture
        ln of power in bands of delay, shape (sweep, texture).
    context
        What the references themselves say, shape (sweep, context).
    """

    values: Reals
    texture: Reals
    context: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
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

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, each with its trace."""
        return tuple(
            f"{trace} {name}"
            for trace, form in self.traces.items()
            for name in form.names
        )

    @property
    def trace_of(self) -> npt.NDArray[np.intp]:
        """Number of the trace that each coordinate comes from."""
        counts = [len(form.names) for form in self.traces.values()]
        return np.repeat(np.arange(len(counts)), counts)

    @property
    def trace_of_texture(self) -> npt.NDArray[np.intp]:
        """Number of the trace that each number of the texture comes from."""
        counts = [form.texture_count for form in self.traces.values()]
        return np.repeat(np.arange(len(counts)), counts)

    def signals(
        self, frequency_hz: Reals, samples: Complexes
    ) -> npt.NDArray[np.complex64] | None:
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
        binning = bin_axis(frequency_hz, self.band_hz, self.bin_count)
        if binning is None:
            return None
        delays = np.array([form.delay_s for form in self.traces.values()])
        there = np.isfinite(samples).all(axis=-1)
        whole = np.where(there[..., None], samples, 0.0)
        signals = bin_traces(binning, frequency_hz, whole, delays)
        signals[~there] = np.nan
        return signals.astype(np.complex64)

    def sweep_signals(
        self, frequency_hz: Reals, traces: Traces
    ) -> npt.NDArray[np.complex64] | None:
        """Put one sweep on the canonical grid, shape (trace, bin)."""
        missing = np.full(frequency_hz.size, np.nan, dtype=np.complex128)
        rows = [np.asarray(traces.get(name, missing)) for name in self.traces]
        return self.signals(frequency_hz, np.stack(rows).astype(np.complex128))

    def coordinates(self, own: Complexes, known: Complexes) -> Coordinates:
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
            context=np.concatenate([part.context for part in parts]),
        )

    def _chunk(self, own: Complexes, known: Complexes) -> Coordinates:
        found: list[tuple[Reals, Reals, Reals]] = []
        for index, form in enumerate(self.traces.values()):
            mine = own[:, index].astype(np.complex128)
            theirs = known[:, index].astype(np.complex128)
            there = np.isfinite(mine).all(axis=1) & np.isfinite(theirs).all(axis=1)
            values, texture = form.values(mine[there], theirs[there])
            context = form.context(theirs[there])
            found.append(
                (_spread(values, there), _spread(texture, there), _spread(context, there))
            )
        values, texture, context = (
            np.concatenate(parts, axis=1) for parts in zip(*found, strict=True)
        )
        return Coordinates(values=values, texture=texture, context=context)


def find_form(
    band_hz: tuple[float, float],
    bin_count: int,
    names: Sequence[str],
    samples: Sequence[tuple[Reals, Complexes]],
    references: npt.NDArray[np.intp],
) -> CoordinateForm:
    """Find the coordinates that suit sweeps; at most a few hundred are looked at.

    Parameters
    ----------
    samples
        Axis and traces of each sweep, (point,) and (trace, point); NaN where missing.
    references
        Number of each sweep's reference among the samples, -1 where there is none.
    """
    studied = np.flatnonzero(references >= 0)
    studied = studied[:: max(studied.size // _MOST_STUDIED, 1)]
    delays = _common_delays(samples, studied, len(names))
    turns = _turns_at_middle(band_hz, bin_count)
    plain = CoordinateForm(
        band_hz=band_hz,
        bin_count=bin_count,
        traces={
            name: _plain_trace(float(delay), bin_count, turns)
            for name, delay in zip(names, delays, strict=True)
        },
    )
    own, known = [], []
    for row in studied:
        mine = plain.signals(*samples[row])
        theirs = plain.signals(*samples[references[row]])
        if mine is not None and theirs is not None:
            own.append(mine)
            known.append(theirs)
    if not own:
        return plain
    forms = {}
    for index, name in enumerate(names):
        mine = np.stack([each[index] for each in own]).astype(np.complex128)
        theirs = np.stack([each[index] for each in known]).astype(np.complex128)
        there = np.isfinite(mine).all(axis=1) & np.isfinite(theirs).all(axis=1)
        if there.sum() < 2:
            forms[name] = plain.traces[name]
            continue
        forms[name] = find_trace_form(
            mine[there], theirs[there], float(delays[index]), turns
        )
    return CoordinateForm(band_hz=band_hz, bin_count=bin_count, traces=forms)


def _common_delays(
    samples: Sequence[tuple[Reals, Complexes]],
    studied: npt.NDArray[np.intp],
    count: int,
) -> Reals:
    delays = np.zeros((studied.size, count))
    for at, row in enumerate(studied):
        axis, traces = samples[row]
        step = float(np.median(np.diff(axis)))
        known = np.where(np.isfinite(traces), traces, 0.0)
        delays[at] = -mean_step(known) / (2 * np.pi * step)
    return np.asarray(np.median(delays, axis=0)) if studied.size else np.zeros(count)


def _turns_at_middle(band_hz: tuple[float, float], bin_count: int) -> float:
    start, stop = band_hz
    half = 0.5 * (stop - start) * (bin_count - 1) / bin_count
    return 0.5 * (start + stop) / half


def _plain_trace(delay_s: float, bin_count: int, turns: float) -> TraceForm:
    return TraceForm(
        delay_s=delay_s,
        logarithmic=False,
        kept=np.ones(bin_count, dtype=np.bool_),
        turns_at_middle=turns,
        snaps=np.zeros((0, SNAP_ORDER + 1)),
        snap_range=np.zeros((0, 2)),
    )


def _spread(values: Reals, there: Flags) -> Reals:
    whole = np.full((there.size, values.shape[1]), np.nan)
    whole[there] = values
    return whole
