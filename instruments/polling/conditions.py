"""The newest readings, to be attached to the sweeps that they describe."""

import threading
from collections.abc import Mapping
from datetime import datetime

from instruments.measurement import Reading


class LatestReadings:
    """Keeps the newest reading of each name and cavity; usable by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[tuple[str | None, str], Reading] = {}

    def add(self, reading: Reading) -> None:
        """Remember a reading unless a newer one is known."""
        key = (reading.cavity, reading.name)
        with self._lock:
            known = self._newest.get(key)
            if known is None or known.measured_at <= reading.measured_at:
                self._newest[key] = reading

    def conditions_of(
        self,
        cavity: str,
        names: Mapping[str, str],
        *,
        at: datetime,
        max_age_s: Mapping[str, float],
    ) -> dict[str, float]:
        """Look up the conditions of a sweep.

        Parameters
        ----------
        cavity
            The cavity; its own readings come before those of the whole array.
        names
            Condition to the name of its reading.
        at
            End of the sweep.
        max_age_s
            Name of a reading to its greatest distance in time from ``at``, in s.

        Returns
        -------
        dict
            Condition to value; those without a fresh reading are left out.
        """
        found: dict[str, float] = {}
        with self._lock:
            for condition, name in names.items():
                own = self._newest.get((cavity, name))
                reading = own or self._newest.get((None, name))
                if reading is None:
                    continue
                age_s = abs((at - reading.measured_at).total_seconds())
                if age_s <= max_age_s[name]:
                    found[condition] = float(reading.value)
        return found
