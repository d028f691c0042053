"""What is followed in one trace, and the smooth part of a sweep there."""

from dataclasses import dataclass

import numpy as np

from models.coordinates.signal import Complexes, Flags, Reals
from models.coordinates.smooth import (
    SmoothPart,
    smooth_names,
    smooth_part,
    smooth_scatter,
)
from models.coordinates.texture import BAND_COUNT

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
        return (*self.first_names, *echoes, *modes)

    @property
    def first_names(self) -> tuple[str, ...]:
        """Names of those of the smooth part."""
        return smooth_names() if self.logarithmic else ("level",)

    @property
    def texture_count(self) -> int:
        """Numbers of the texture."""
        return BAND_COUNT + 1

    @property
    def _followed(self) -> tuple[int, ...]:
        return self.gates if self.logarithmic else self.gates[1:]

    @property
    def middle_steps(self) -> float:
        """The band's middle frequency, in steps of the frequency axis."""
        return self.turns_at_middle * 0.5 * (self.kept.size - 1)

    def split(
        self, own: Complexes, known: Complexes, strength: Reals | None
    ) -> tuple[Reals, Complexes]:
        """Split sweeps against their references in a smooth part and the rest.

        Parameters
        ----------
        own, known
            Signals of the sweeps and of their references, shape (sweep, bin).
        strength
            Of the trace's earliest echo, shape (sweep,); None where it has none.

        Returns
        -------
        coordinates : ndarray
            The first ones, level before all, shape (sweep, coordinate).
        rest : ndarray
            What they leave in the kept bins, shape (sweep, kept).
        """
        if self.logarithmic:
            smooth = self.smooth(own, known)
            return smooth.values, smooth.rest
        scale = np.sqrt(np.mean(np.abs(known) ** 2, axis=-1, keepdims=True))
        level = mean_level(own, known) if strength is None else strength
        rest = ((own - known) / np.maximum(scale, 1e-30))[:, self.kept]
        return level[:, None], rest

    def scatter(self) -> Reals:
        """Return how re-made reflections scatter the coordinates, over the noise.

        Zeros for those that are not of the smooth part, shape (coordinate, coordinate).
        """
        whole = np.zeros((len(self.names), len(self.names)))
        if self.logarithmic:
            found = smooth_scatter(self.kept, self.ripple)
            whole[: found.shape[0], : found.shape[1]] = found
        return whole

    def smooth(self, own: Complexes, known: Complexes) -> SmoothPart:
        """Return the smooth part of the log-ratio, and what it leaves."""
        return smooth_part(own, known, self.kept, self.turns_at_middle, self.ripple)


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


def mean_level(own: Complexes, known: Complexes) -> Reals:
    """Return the mean of ln of the ratio of amplitudes over the bins, shape (...,).

    Of the logarithm, so that every part of the band counts alike: power is where the
    line loses least, which is where it tells least.
    """
    ratio = np.abs(own) / np.maximum(np.abs(known), 1e-30)
    return np.asarray(np.log(np.clip(ratio, 1e-6, 1e6)).mean(axis=-1))
