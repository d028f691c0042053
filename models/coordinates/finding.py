"""Finding what can be followed in a trace, from many sweeps and their references."""

from dataclasses import replace

import numpy as np

from models.coordinates.echoes import LEAST_COHERENCE, echo_signal, find_gates
from models.coordinates.modes import find_windows, fit_pole
from models.coordinates.signal import Complexes, Flags, Reals, mean_step
from models.coordinates.smooth import learn_ripple, no_ripple
from models.coordinates.trace import SNAP_ORDER, TraceForm, snap_basis
from models.preprocessing.mask import mode_points

_MOST_MASKED = 0.35
_LEAST_MARKED = 0.1
_GUARD_BINS = 2
_SHARP_TURN_RAD = 1.0
_MOST_SHARP = 0.02
_WORST_SNAP_TURNS = 0.2
_WORST_MISFIT = 0.2


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
    in_time = echo_signal(own, kept, logarithmic=logarithmic)
    found = find_gates(in_time, logarithmic=logarithmic)
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
    return _with_snaps(bare, own, known)


def _with_snaps(form: TraceForm, own: Complexes, known: Complexes) -> TraceForm:
    """Learn how far echoes turn, and leave out those that do not move as one."""
    echoes = form.echoes(own, known)
    gates, snaps, ranges = [], [], []
    if echoes is not None:
        first = 0 if form.logarithmic else 1
        if not form.logarithmic:
            gates, snaps = [form.gates[0]], [np.zeros(SNAP_ORDER + 1)]
            ranges = [np.array([0.0, 1.0])]
        level = form.smooth(own, known).values[:, 0] if form.logarithmic else None
        followed = form.relative(echoes)
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
        return replace(
            form, gates=(), snaps=form.snaps[:0], snap_range=form.snap_range[:0]
        )
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
