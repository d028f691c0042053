"""Slow drift of a receiver: a few slow waves, the same for the same seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.streams import stream

GAIN_DRIFT_DB = 0.02
"""Standard deviation in dB of the amplifier chain's drift."""

ROOM_DRIFT_K = 0.3
"""Standard deviation in K of the laboratory; cables, amplifier and VNA feel it."""

FREQUENCY_DRIFT = 1.0e-6
"""Standard deviation of the slow relative drift of f0."""

FREQUENCY_JITTER = 1.0e-7
"""Standard deviation of the relative jitter of f0 from sweep to sweep."""

_SHORTEST_PERIOD_S = 900.0
_LONGEST_PERIOD_S = 40_000.0
_WAVE_COUNT = 5


@dataclass(frozen=True, slots=True)
class _Waves:
    """A sum of sines of unit variance."""

    angular_frequency: npt.NDArray[np.float64]
    phase_rad: npt.NDArray[np.float64]

    def __call__(self, time_s: Any) -> Any:
        phase = np.multiply.outer(time_s, self.angular_frequency) + self.phase_rad
        return np.sqrt(2.0 / _WAVE_COUNT) * np.sum(np.sin(phase), axis=-1)


class Drift:
    """The slow drift of one cavity's receiver in one thermal cycle."""

    def __init__(self, seed: int, cavity: str, thermal_cycle: str) -> None:
        rng = stream(seed, cavity, f"drift {thermal_cycle}")
        self._gain, self._room, self._frequency = (_draw_waves(rng) for _ in range(3))

    def gain_db(self, time_s: Any) -> Any:
        """Return the drift of the chain's gain in dB at emulated times in s."""
        return GAIN_DRIFT_DB * self._gain(time_s)

    def room_k(self, time_s: Any) -> Any:
        """Return how far the laboratory is off its mean temperature in K."""
        return ROOM_DRIFT_K * self._room(time_s)

    def frequency_ratio(self, time_s: Any) -> Any:
        """Return f0 over its undrifted value."""
        return 1.0 + FREQUENCY_DRIFT * self._frequency(time_s)


def _draw_waves(rng: np.random.Generator) -> _Waves:
    shortest, longest = np.log([_SHORTEST_PERIOD_S, _LONGEST_PERIOD_S])
    period_s = np.exp(rng.uniform(shortest, longest, _WAVE_COUNT))
    return _Waves(2.0 * np.pi / period_s, rng.uniform(0.0, 2.0 * np.pi, _WAVE_COUNT))
