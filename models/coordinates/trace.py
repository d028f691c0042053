"""The coordinates of one trace: how they are found, and what a sweep has in them."""

from dataclasses import dataclass, replace

import numpy as np

from models.coordinates.echoes import (
    LEAST_COHERENCE,
    EchoChange,
    compare_echoes,
    echo_signal,
    find_gates,
    gated,
)
from models.coordinates.modes import find_windows, fit_pole, fit_poles
from models.coordinates.signal import Complexes, Flags, Reals, mean_step
from models.coordinates.smooth import (
    SmoothPart,
    learn_ripple,
    no_ripple,
    smooth_names,
    smooth_part,
)
from models.coordinates.texture import BAND_COUNT, texture
from models.preprocessing.mask import mode_points

SNAP_ORDER = 4
"""Order of the polynomial that tells an echo's whole turns."""

_MOST_MASKED = 0.35
_LEAST_MARKED = 0.1
_GUARD_BINS = 2
_SHARP_TURN_RAD = 1.0
_MOST_SHARP = 0.02
_WORST_SNAP_TURNS = 0.2
_WORST_MISFIT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TraceForm:
    """What is followed in one trace.

    Attributes
    ----------
    delay_s
        Common delay that is taken off, in s.
    logarithmic
        Whether ln S can be followed over the band (a transmission), or only S itself.
    kept
        Bins off every resonance, shape (bin,).
    gates
        Delays of the echoes, in steps of the time axis.
    snaps
        Polynomial of an echo's turns over a rough thermometer, (gate, SNAP_ORDER + 1).
    snap_range
        Range of that thermometer, shape (gate, 2).
    windows
        First bin and the one after the last of each mode's window.
    turns_at_middle
        Middle of the band over its half width.
    ripple
        Usual power of reflections over the noise by delay, shape (bin // 2 + 1,);
        zeros where the trace is not logarithmic.
    """

    delay_s: float
    logarithmic: bool
    kept: Flags
    turns_at_middle: float
    ripple: Reals
    gates: tuple[int, ...] = ()
    snaps: Reals
    snap_range: Reals
    windows: tuple[tuple[int, int], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, in their order."""
        smooth = smooth_names() if self.logarithmic else ("level",)
        echoes = [
            f"echo_{gate}_{what}"
            for gate in self._followed
            for what in ("stretch", "strength")
        ]
        modes = [
            f"mode_{low}_{what}"
            for low, _ in self.windows
            for what in ("place", "width")
        ]
        return (*smooth, *echoes, *modes)

    @property
    def texture_count(self) -> int:
        """Numbers of the texture."""
        return BAND_COUNT + 1

    @property
    def _followed(self) -> tuple[int, ...]:
        return self.gates if self.logarithmic else self.gates[1:]

    def values(self, own: Complexes, known: Complexes) -> tuple[Reals, Reals]:
        """Return coordinates and texture of sweeps against their references.

        Parameters
        ----------
        own, known
            Signals of the sweeps and of their references, shape (sweep, bin).

        Returns
        -------
        coordinates : ndarray
            Shape (sweep, coordinate).
        texture : ndarray
            Shape (sweep, texture_count).
        """
        echoes = self.echoes(own, known)
        if self.logarithmic:
            smooth = self.smooth(own, known)
            first, rest = smooth.values, smooth.rest
        else:
            scale = np.sqrt(np.mean(np.abs(known) ** 2, axis=-1, keepdims=True))
            first = echoes[0].strength[:, None] if echoes else _level(own, known)
            rest = ((own - known) / np.maximum(scale, 1e-30))[:, self.kept]
        columns = [first]
        for index, change in self.relative(echoes):
            columns += self._stretch(index, change, first[:, 0])
        # One fit of all: a single sweep waits for calls, not for numbers.
        both = np.concatenate([own, known])
        for pole in fit_poles([both[:, low:high] for low, high in self.windows]):
            mine, theirs = np.split(pole.place_bins, 2)
            columns.append((mine - theirs)[:, None])
            mine, theirs = np.split(np.log(pole.half_width_bins), 2)
            columns.append((mine - theirs)[:, None])
        return np.concatenate(columns, axis=1), texture(rest, self.kept)

    def smooth(self, own: Complexes, known: Complexes) -> SmoothPart:
        """Return the smooth part of the log-ratio, and what it leaves."""
        return smooth_part(own, known, self.kept, self.turns_at_middle, self.ripple)

    def echoes(self, own: Complexes, known: Complexes) -> list[EchoChange]:
        """Compare the echoes of sweeps with those of their references, by gate."""
        if not self.gates:
            return []
        mine = echo_signal(own, self.kept, logarithmic=self.logarithmic)
        theirs = echo_signal(known, self.kept, logarithmic=self.logarithmic)
        steps = self.turns_at_middle * 0.5 * (self.kept.size - 1)
        gates = self.gates
        return compare_echoes(gated(mine, gates), gated(theirs, gates), gates, steps)

    def relative(self, echoes: list[EchoChange]) -> list[tuple[int, EchoChange]]:
        """Return each followed echo, in a reflection relative to the earliest."""
        if self.logarithmic:
            return list(enumerate(echoes))
        return [
            (
                index,
                replace(
                    echo,
                    strength=echo.strength - echoes[0].strength,
                    phase_rad=echo.phase_rad - echoes[0].phase_rad,
                    delay_steps=echo.delay_steps - echoes[0].delay_steps,
                ),
            )
            for index, echo in enumerate(echoes)
            if index > 0
        ]

    def _stretch(self, index: int, echo: EchoChange, level: Reals) -> list[Reals]:
        """Return the relative stretch in 1e-3, and the change of strength in neper."""
        turns = echo.phase_rad / (2 * np.pi)
        rough = level if self.logarithmic else echo.strength
        turns = turns - np.round(turns - self._expected(index, rough))
        steps = self.turns_at_middle * 0.5 * (self.kept.size - 1)
        count = self.kept.size
        # Turns over the band's middle frequency are a delay; in steps of the time axis.
        moved = -turns / steps * count
        stretch = (
            1e3
            * moved
            / np.where(np.abs(echo.delay_steps) < 1.0, 1.0, echo.delay_steps)
        )
        return [stretch[:, None], echo.strength[:, None]]

    def _expected(self, index: int, rough: Reals) -> Reals:
        low, high = self.snap_range[index]
        place = np.clip(2 * (rough - low) / max(high - low, 1e-9) - 1, -1.2, 1.2)
        basis = np.polynomial.chebyshev.chebvander(place, SNAP_ORDER)
        return np.asarray(basis @ self.snaps[index])


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
    level = (
        form.smooth(own, known).values[:, 0]
        if form.logarithmic
        else np.zeros(own.shape[0])
    )
    base = [] if form.logarithmic or not echoes else [0]
    gates, snaps, ranges = [], [], []
    if base:
        gates, snaps = [form.gates[0]], [np.zeros(SNAP_ORDER + 1)]
        ranges = [np.array([0.0, 1.0])]
    for index, echo in form.relative(echoes):
        if np.quantile(echo.coherence, 0.1) < LEAST_COHERENCE:
            continue
        rough = level if form.logarithmic else echo.strength
        span = np.quantile(rough, [0.005, 0.995])
        turns = echo.phase_rad / (2 * np.pi)
        snap, left = _robust_polynomial(rough, turns, span)
        if np.quantile(np.abs(left - np.round(left)), 0.9) < _WORST_SNAP_TURNS:
            gates.append(form.gates[index])
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
    place = np.clip(2 * (rough - span[0]) / max(span[1] - span[0], 1e-9) - 1, -1.2, 1.2)
    basis = np.polynomial.chebyshev.chebvander(place, SNAP_ORDER)
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


def _level(own: Complexes, known: Complexes) -> Reals:
    power = np.mean(np.abs(own) ** 2, axis=-1) / np.maximum(
        np.mean(np.abs(known) ** 2, axis=-1), 1e-30
    )
    return np.asarray(0.5 * np.log(np.maximum(power, 1e-12)))[:, None]
