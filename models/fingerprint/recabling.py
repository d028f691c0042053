"""What re-made connections do to a sweep: the stand-in for a later campaign.

Other connectors in the common line echo early, where they lie before the part, and
late, where the part's answer runs to them and back; the line's own answer changes by
gain and ripple. Sweep and known state see the same line. The part's own joint is made
anew for each, with a ripple and a delay of its own.
"""

from dataclasses import dataclass

import numpy as np

from models.fingerprint.remating import REMATED_S
from models.fingerprint.view import Complexes, Echo, Reals

_ECHO_COUNT = 4
_LARGEST_GAIN_DB = 0.6
_MIDDLE_HZ = 6e9
_NEAR_S = 2e-9
_JOINT_S = 0.3e-9
_JOINT = 0.025


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recabling:
    """One re-made line, applied alike to a sweep and to its known state.

    Attributes
    ----------
    early, late, through
        Amplitudes of the echoes before the part, after it, and on it; shape (echo,).
    early_place, late_place, through_s
        Where they lie: as fractions of the line's delay, and in s; shape (echo,).
    gain_ratio
        Change of the line's gain. A change of its delay is no part of this: sweeps are
        looked at from their strongest echo.
    """

    early: Complexes
    late: Complexes
    through: Complexes
    early_place: Reals
    late_place: Reals
    through_s: Reals
    gain_ratio: float

    @classmethod
    def draw(cls, rng: np.random.Generator, level: float) -> "Recabling":
        """Draw a re-made line whose echoes have the level as amplitude, at 6 GHz."""
        return cls(
            early=_amplitudes(rng, level),
            late=_amplitudes(rng, level),
            through=_amplitudes(rng, level),
            early_place=rng.uniform(0.02, 1.0, _ECHO_COUNT),
            late_place=rng.uniform(0.01, 1.0, _ECHO_COUNT),
            through_s=rng.uniform(0.0, _NEAR_S, _ECHO_COUNT),
            gain_ratio=10.0 ** (rng.uniform(-1.0, 1.0) * _LARGEST_GAIN_DB / 20.0),
        )

    def apply(self, echo: Echo, level: Reals, rng: np.random.Generator) -> Echo:
        """Return the echo as the re-made line would show it.

        Parameters
        ----------
        level
            Magnitude of the known state, shape (point,): what the line lets through.
        rng
            Draws the part's own joint.
        """
        axis = echo.frequency_hz
        growth = np.sqrt(np.maximum(axis, 0.0) / _MIDDLE_HZ)
        joint = _JOINT * (rng.normal() + 1j * rng.normal()) / np.sqrt(2.0)
        turn = np.exp(-2j * np.pi * axis * rng.uniform(0.0, _JOINT_S))
        slip = np.exp(-2j * np.pi * axis * rng.normal(0.0, REMATED_S))
        part = echo.values * slip * (1.0 + joint * growth**2 * turn)
        early = growth * _sum(self.early, -self.early_place * echo.delay_s, axis)
        late = growth * _sum(self.late, self.late_place * echo.delay_s, axis)
        through = self.gain_ratio * (
            1.0 + growth * _sum(self.through, self.through_s, axis)
        )
        again = part / (1.0 - late * part / np.maximum(level, 1e-12))
        values = through * (again + early * level)
        return Echo(frequency_hz=axis, values=values, delay_s=echo.delay_s)


def _amplitudes(rng: np.random.Generator, level: float) -> Complexes:
    drawn = rng.normal(size=_ECHO_COUNT) + 1j * rng.normal(size=_ECHO_COUNT)
    return np.asarray(level * drawn / np.sqrt(2.0 * _ECHO_COUNT))


def _sum(amplitudes: Complexes, delays_s: Reals, axis: Reals) -> Complexes:
    return np.asarray(amplitudes @ np.exp(-2j * np.pi * delays_s[:, None] * axis))
