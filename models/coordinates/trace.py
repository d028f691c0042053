"""The coordinates of one trace, and what a sweep has in them."""

from dataclasses import dataclass

import numpy as np

from models.coordinates.echoes import EchoChange, compare_echoes, echo_signal, gated
from models.coordinates.modes import fit_poles
from models.coordinates.signal import Complexes, Flags, Reals
from models.coordinates.smooth import SmoothPart, smooth_names, smooth_part
from models.coordinates.texture import BAND_COUNT, texture

SNAP_ORDER = 4
"""Order of the polynomial that tells an echo's whole turns."""


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

    @property
    def _middle_steps(self) -> float:
        """The band's middle frequency, in steps of the frequency axis."""
        return self.turns_at_middle * 0.5 * (self.kept.size - 1)

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
            first = _level(own, known) if echoes is None else echoes.strength[:, :1]
            rest = ((own - known) / np.maximum(scale, 1e-30))[:, self.kept]
        columns = [first]
        if echoes is not None and self._followed:
            columns.append(self._stretches(self.relative(echoes), first[:, 0]))
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

    def echoes(self, own: Complexes, known: Complexes) -> EchoChange | None:
        """Compare the echoes of sweeps with those of their references, by gate.

        None where no echo stands out.
        """
        if not self.gates:
            return None
        both = echo_signal(
            np.stack([own, known]), self.kept, logarithmic=self.logarithmic
        )
        mine, theirs = gated(both, self.gates)
        return compare_echoes(mine, theirs, self.gates, self._middle_steps)

    def relative(self, echoes: EchoChange) -> EchoChange:
        """Return the followed echoes, in a reflection relative to the earliest."""
        if self.logarithmic:
            return echoes
        return EchoChange(
            strength=echoes.strength[..., 1:] - echoes.strength[..., :1],
            phase_rad=echoes.phase_rad[..., 1:] - echoes.phase_rad[..., :1],
            coherence=echoes.coherence[..., 1:],
            delay_steps=echoes.delay_steps[..., 1:] - echoes.delay_steps[..., :1],
        )

    def _stretches(self, echoes: EchoChange, level: Reals) -> Reals:
        """Return each echo's relative stretch in 1e-3, then its strength in neper.

        Shape (sweep, 2 echo).
        """
        turns = echoes.phase_rad / (2 * np.pi)
        rough = level[:, None] if self.logarithmic else echoes.strength
        first = 0 if self.logarithmic else 1
        basis = snap_basis(rough, self.snap_range[first:])
        expected = np.einsum("ngk,gk->ng", basis, self.snaps[first:])
        turns = turns - np.round(turns - expected)
        # Turns over the band's middle frequency are a delay; in steps of the time axis.
        moved = -turns / self._middle_steps * self.kept.size
        late = np.where(np.abs(echoes.delay_steps) < 1.0, 1.0, echoes.delay_steps)
        pairs = np.stack([1e3 * moved / late, echoes.strength], axis=-1)
        return pairs.reshape(level.size, 2 * late.shape[1])


def snap_basis(rough: Reals, span: Reals) -> Reals:
    """Return the polynomials of a rough thermometer, shape (..., SNAP_ORDER + 1).

    Parameters
    ----------
    span
        Its range, shape (..., 2); more than a tenth outside they no longer change.
    """
    low, high = span[..., 0], span[..., 1]
    place = np.clip(2 * (rough - low) / np.maximum(high - low, 1e-9) - 1, -1.2, 1.2)
    return np.asarray(np.polynomial.chebyshev.chebvander(place, SNAP_ORDER))


def _level(own: Complexes, known: Complexes) -> Reals:
    power = np.mean(np.abs(own) ** 2, axis=-1) / np.maximum(
        np.mean(np.abs(known) ** 2, axis=-1), 1e-30
    )
    return np.asarray(0.5 * np.log(np.maximum(power, 1e-12)))[:, None]
