"""Finding the coordinates of a receiver, from many sweeps and their references."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.coordinates.echoes import LEAST_COHERENCE, echo_signal, find_gates
from models.coordinates.following import Following
from models.coordinates.form import CoordinateForm, Signals
from models.coordinates.modes import find_windows, fit_pole
from models.coordinates.signal import (
    Complexes,
    Flags,
    Reals,
    mean_step,
    whole_signals,
)
from models.coordinates.smooth import learn_ripple, no_ripple
from models.coordinates.trace import SNAP_ORDER, TraceForm, snap_basis
from models.preprocessing.mask import mode_points
from models.preprocessing.view import SweepView

CANONICAL_BINS = 512
"""Bins of the canonical grid where the training axis has as many points."""

_MOST_STUDIED = 600
_LEAST_STUDIED = 8
_LEAST_POINTS = 3
_UNEVEN = 0.01
_MOST_MASKED = 0.35
_LEAST_MARKED = 0.1
_GUARD_BINS = 2
_SHARP_TURN_RAD = 1.0
_MOST_SHARP = 0.02
_WORST_SNAP_TURNS = 0.2
_WORST_MISFIT = 0.2


def find_form(
    band_hz: tuple[float, float], names: Sequence[str], views: Sequence[SweepView]
) -> CoordinateForm | None:
    """Find the coordinates that suit sweeps; at most a few hundred are looked at.

    Returns
    -------
    CoordinateForm or None
        None where no sweep has a reference on the band.
    """
    compared = [view for view in views if view.reference is not None]
    compared = compared[:: max(len(compared) // _MOST_STUDIED, 1)]
    if not compared:
        return None
    band_hz, bin_count = _canonical_grid(band_hz, compared)
    delays = _common_delays(compared, names)
    turns = _turns_at_middle(band_hz, bin_count)
    plain = CoordinateForm(
        band_hz=band_hz,
        bin_count=bin_count,
        traces={
            name: _plain_trace(float(delay), bin_count, turns)
            for name, delay in zip(names, delays, strict=True)
        },
    )
    own, known = _signals_of(plain, compared)
    if own.shape[0] == 0:
        return None
    forms = {}
    for index, name in enumerate(names):
        mine = own[:, index].astype(np.complex128)
        theirs = known[:, index].astype(np.complex128)
        there = whole_signals(mine) & whole_signals(theirs)
        forms[name] = (
            find_trace_form(mine[there], theirs[there], float(delays[index]), turns)
            if there.sum() >= _LEAST_STUDIED
            else plain.traces[name]
        )
    return CoordinateForm(band_hz=band_hz, bin_count=bin_count, traces=forms)


def _canonical_grid(
    band_hz: tuple[float, float], views: Sequence[SweepView]
) -> tuple[tuple[float, float], int]:
    """Return band and bins such that every bin has as many points in its middle.

    A bin with a point more than its neighbours breaks the phase of a late echo.
    """
    axis_hz = min((view.frequency_hz for view in views), key=lambda axis: axis.size)
    start, stop = band_hz
    axis_hz = axis_hz[(axis_hz >= start) & (axis_hz <= stop)]
    if axis_hz.size < _LEAST_POINTS:
        return band_hz, 2
    step = float(axis_hz[-1] - axis_hz[0]) / (axis_hz.size - 1)
    together = -(-axis_hz.size // CANONICAL_BINS)
    bin_count = axis_hz.size // together
    first = float(axis_hz[0]) - 0.5 * step
    last = first + bin_count * together * step
    slack = (together + 1) * step
    whole = abs(first - start) < slack and abs(stop - last) < slack
    even = np.abs(np.diff(axis_hz) - step).max() < _UNEVEN * step
    if even and whole:
        return (first, last), bin_count
    return band_hz, min(CANONICAL_BINS, axis_hz.size - 1)


def _signals_of(
    form: CoordinateForm, views: Sequence[SweepView]
) -> tuple[Signals, Signals]:
    own, known = [], []
    for view in views:
        assert view.reference is not None
        assert view.reference_hz is not None
        mine = form.sweep_signals(view.frequency_hz, view.traces)
        theirs = form.sweep_signals(view.reference_hz, view.reference)
        if mine is not None and theirs is not None:
            own.append(mine)
            known.append(theirs)
    shape = (0, len(form.traces), form.bin_count)
    empty = np.zeros(shape, dtype=np.complex64)
    return (np.stack(own), np.stack(known)) if own else (empty, empty)


def _common_delays(views: Sequence[SweepView], names: Sequence[str]) -> Reals:
    delays = np.full((len(views), len(names)), np.nan)
    for row, view in enumerate(views):
        step = float(np.median(np.diff(view.frequency_hz)))
        for index, name in enumerate(names):
            if name in view.traces:
                trace = np.asarray(view.traces[name], np.complex128)
                delays[row, index] = -float(mean_step(trace)) / (2 * np.pi * step)
    with np.errstate(all="ignore"):
        known = np.isfinite(delays).any(axis=0)
        found = np.zeros(len(names))
        found[known] = np.nanmedian(delays[:, known], axis=0)
    return found


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
        ripple=no_ripple(bin_count),
        snaps=np.zeros((0, SNAP_ORDER + 1)),
        snap_range=np.zeros((0, 2)),
    )


def find_trace_form(
    own: Complexes, known: Complexes, delay_s: float, turns_at_middle: float
) -> TraceForm:
    """Find what can be followed in a trace.

    Parameters
    ----------
    own, known
        Signals of many sweeps and of their references, shape (sweep, bin).
    """
    kept = _kept_bins(own, known)
    logarithmic = _followable(own, kept)
    windows = find_windows(own) if logarithmic else ()
    if not logarithmic:
        kept = np.ones_like(kept)
    echoes = echo_signal(own, kept, logarithmic=logarithmic)
    found = find_gates(echoes, logarithmic=logarithmic)
    bare = TraceForm(
        delay_s=delay_s,
        logarithmic=logarithmic,
        kept=kept,
        turns_at_middle=turns_at_middle,
        ripple=(
            learn_ripple(own, known, kept) if logarithmic else no_ripple(kept.size)
        ),
        gates=found,
        snaps=np.zeros((len(found), SNAP_ORDER + 1)),
        snap_range=np.tile([0.0, 1.0], (len(found), 1)),
        windows=_steady_windows(own, windows),
    )
    if not logarithmic and not _has_measure(bare, own, known):
        return _without_gates(bare)
    return _with_snaps(bare, own, known)


def _has_measure(form: TraceForm, own: Complexes, known: Complexes) -> bool:
    """Return whether the earliest echo of a reflection moves as one.

    All others are taken relative to it, and it stands for the trace's level. Where many
    reflections share its gate, it is neither.
    """
    if not form.gates:
        return False
    following = Following.of([form])
    echoes = following.echoes(own[:, None], following.known_echoes(known[:, None]))
    return bool(np.quantile(echoes.coherence[:, 0], 0.1) >= LEAST_COHERENCE)


def _without_gates(form: TraceForm) -> TraceForm:
    return replace(form, gates=(), snaps=form.snaps[:0], snap_range=form.snap_range[:0])


def _with_snaps(form: TraceForm, own: Complexes, known: Complexes) -> TraceForm:
    """Learn how far echoes turn, and leave out those that do not move as one."""
    gates, snaps, ranges = [], [], []
    if form.gates:
        first = 0 if form.logarithmic else 1
        if not form.logarithmic:
            gates, snaps = [form.gates[0]], [np.zeros(SNAP_ORDER + 1)]
            ranges = [np.array([0.0, 1.0])]
        level = form.smooth(own, known).values[:, 0] if form.logarithmic else None
        following = Following.of([form])
        echoes = following.echoes(own[:, None], following.known_echoes(known[:, None]))
        followed = following.relative(echoes)
        for index, gate in enumerate(form.gates[first:]):
            if np.quantile(followed.coherence[:, index], 0.1) < LEAST_COHERENCE:
                continue
            rough = followed.strength[:, index] if level is None else level
            span = np.quantile(rough, [0.005, 0.995])
            turns = followed.phase_rad[:, index] / (2 * np.pi)
            snap, left = _robust_polynomial(rough, turns, span)
            if np.quantile(np.abs(left - np.round(left)), 0.9) < _WORST_SNAP_TURNS:
                gates.append(gate)
                snaps.append(snap)
                ranges.append(span)
    if not gates:
        return _without_gates(form)
    return replace(
        form, gates=tuple(gates), snaps=np.stack(snaps), snap_range=np.stack(ranges)
    )


def _robust_polynomial(rough: Reals, turns: Reals, span: Reals) -> tuple[Reals, Reals]:
    """Fit turns by least absolute deviations; return coefficients and what is left."""
    basis = snap_basis(rough, span)
    weight = np.ones(turns.size)
    found = np.zeros(SNAP_ORDER + 1)
    for _ in range(30):
        scaled = basis * weight[:, None]
        ridge = scaled.T @ scaled + 1e-9 * turns.size * np.eye(SNAP_ORDER + 1)
        solved = np.linalg.solve(ridge, scaled.T @ (turns * weight))
        found = np.asarray(solved, dtype=np.float64)
        weight = 1.0 / np.sqrt(np.abs(turns - basis @ found) + 0.05)
    return found, turns - basis @ found


def _kept_bins(own: Complexes, known: Complexes) -> Flags:
    ratio = own / np.where(np.abs(known) < 1e-30, 1e-30, known)
    marked = np.stack([mode_points(each[None, :]) for each in ratio]).mean(axis=0)
    masked = marked > _LEAST_MARKED
    grown = masked.copy()
    for shift in range(1, _GUARD_BINS + 1):
        grown[shift:] |= masked[:-shift]
        grown[:-shift] |= masked[shift:]
    return np.ones_like(grown) if grown.mean() > _MOST_MASKED else ~grown


def _followable(own: Complexes, kept: Flags) -> bool:
    """Return whether the phase of a trace can be followed from bin to bin."""
    pairs = kept[1:] & kept[:-1]
    still = own * np.exp(-1j * mean_step(own, kept)[:, None] * np.arange(kept.size))
    turns = np.angle(still[:, 1:] * still[:, :-1].conj())[:, pairs]
    return bool(np.mean(np.abs(turns) > _SHARP_TURN_RAD) < _MOST_SHARP)


def _steady_windows(
    own: Complexes, windows: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    """Leave out windows in which no single pole explains the trace."""
    return tuple(
        (low, high)
        for low, high in windows
        if float(np.median(fit_pole(own[:, low:high]).misfit)) < _WORST_MISFIT
    )
