"""Where each cavity's mode is now, as the service's fits tell."""

import math
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from instruments.clock import Clock
from instruments.measurement.times import format_time

_LARGEST_SHIFT = 0.05
_LARGEST_Q_RATIO = 5.0
_MAX_DISTRUSTED = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ModePosition:
    """Where to centre a narrow sweep, and how wide the mode is.

    Attributes
    ----------
    resonant_frequency_hz
        f0 in Hz.
    loaded_q
        Q_L, dimensionless.
    """

    resonant_frequency_hz: float
    loaded_q: float


class ResonanceTracker:
    """Follows the fits of the service; falls back to the design where they end.

    Parameters
    ----------
    expected
        Cavity to its mode as designed.
    clock
        The time.
    max_age_s
        A fit older than this is no longer followed, in s.
    """

    def __init__(
        self,
        expected: Mapping[str, ModePosition],
        *,
        clock: Clock,
        max_age_s: float = 600.0,
    ) -> None:
        self._expected = dict(expected)
        self._clock = clock
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        self._tracked: dict[str, tuple[ModePosition, float]] = {}
        self._distrusted: dict[str, deque[datetime]] = {}

    def position(self, cavity: str) -> ModePosition:
        """Return the tracked mode, or the expected one where no fresh fit is known."""
        with self._lock:
            tracked = self._tracked.get(cavity)
        if tracked is None:
            return self._expected[cavity]
        position, at_s = tracked
        if self._clock.monotonic_s() - at_s > self._max_age_s:
            return self._expected[cavity]
        return position

    def distrust(self, cavity: str, measured_at: datetime) -> None:
        """Never follow the fit of the sweep that ended at this time."""
        with self._lock:
            known = self._distrusted.setdefault(cavity, deque(maxlen=_MAX_DISTRUSTED))
            known.append(measured_at)

    def follow(self, cavity: str, resonance: Mapping[str, Any] | None) -> bool:
        """Take the ``resonance`` of a cavity as the service describes it.

        A fit is followed if its state is ``ok`` and it lies within 5 % of the expected
        f0 and a factor of 5 of the expected Q: a mode crossing is not run after.

        Returns
        -------
        bool
            Whether it is followed now.
        """
        expected = self._expected[cavity]
        if resonance is None or resonance.get("state") != "ok":
            return False
        if self._is_distrusted(cavity, resonance.get("measured_at")):
            return False
        frequency_hz = _positive(resonance.get("resonant_frequency_hz"))
        loaded_q = _positive(resonance.get("loaded_q"))
        if frequency_hz is None or loaded_q is None:
            return False
        shift = abs(frequency_hz / expected.resonant_frequency_hz - 1.0)
        ratio = abs(math.log(loaded_q / expected.loaded_q))
        if shift > _LARGEST_SHIFT or ratio > math.log(_LARGEST_Q_RATIO):
            return False
        measured_s = self._clock.monotonic_s() - (
            _positive(resonance.get("age_s")) or 0.0
        )
        position = ModePosition(resonant_frequency_hz=frequency_hz, loaded_q=loaded_q)
        with self._lock:
            self._tracked[cavity] = (position, measured_s)
        return True

    def _is_distrusted(self, cavity: str, measured_at: Any) -> bool:
        with self._lock:
            distrusted = tuple(self._distrusted.get(cavity, ()))
        return bool(distrusted) and measured_at in map(format_time, distrusted)


def _positive(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0.0 else None
