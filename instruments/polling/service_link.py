"""Keeps the cavities registered at the service, and follows their modes."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from instruments.array import ArrayConfig
from instruments.array.config import CavityConfig
from instruments.client import Backoff, ServiceError, SweepClient, TryAgainError
from instruments.measurement import SweepPurpose
from instruments.polling.tracking import ResonanceTracker

_log = logging.getLogger(__name__)


def registration_of(config: ArrayConfig, cavity: CavityConfig) -> dict[str, Any]:
    """List what the service is told about a cavity; unknown fields are left out."""
    wide_periods_s = [
        section.period_s
        for name, section in config.schedule.items()
        if config.sweeps[name].purpose is SweepPurpose.WIDE
    ]
    fields = {
        "title": cavity.title,
        "enabled": cavity.enabled,
        "vna": cavity.vna,
        "expected_resonant_frequency_hz": cavity.expected.resonant_frequency_hz,
        "expected_loaded_q": cavity.expected.loaded_q,
        "expected_coupling_beta": cavity.expected.coupling_beta,
        "sweep_period_s": min(wide_periods_s, default=None),
        "thermal_cycle": cavity.thermal_cycle,
        "temperature_limit_k": cavity.temperature_limit_k,
        "magnetic_field_limit_tesla": cavity.magnetic_field_limit_tesla,
    }
    return {name: value for name, value in fields.items() if value is not None}


class ServiceLink:
    """The thread that registers the cavities and asks where their modes are.

    Parameters
    ----------
    config
        The array.
    client
        The service.
    tracker
        Takes the modes.
    on_registered
        Called each time all cavities are registered.
    follow_period_s
        How often the modes are asked for, in s.
    """

    def __init__(
        self,
        config: ArrayConfig,
        client: SweepClient,
        tracker: ResonanceTracker,
        *,
        on_registered: Callable[[], None],
        follow_period_s: float,
    ) -> None:
        self._config = config
        self._client = client
        self._tracker = tracker
        self._on_registered = on_registered
        self._follow_period_s = follow_period_s
        self._backoff = Backoff(first_s=0.25, longest_s=15.0)
        self._is_stale = threading.Event()
        self._is_stale.set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="service-link", daemon=True
        )
        self.last_error: str | None = None

    def start(self) -> None:
        """Begin to register."""
        self._thread.start()

    def renew(self) -> None:
        """Register again: the service does not know a cavity of this array."""
        self._is_stale.set()

    def stop(self, deadline_s: float) -> None:
        """End."""
        self._stopping.set()
        self._is_stale.set()  # wakes the thread
        if self._thread.is_alive():
            self._thread.join(deadline_s)

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            try:
                if self._is_stale.is_set():
                    self._register()
                self._follow()
            except ServiceError as error:
                pause_s = self._note(error)
            else:
                self.last_error = None
                self._backoff.reset()
                pause_s = 0.0
                self._is_stale.wait(self._follow_period_s)

    def _register(self) -> None:
        self._is_stale.clear()
        try:
            for name, cavity in self._config.cavities.items():
                self._client.put_cavity(name, registration_of(self._config, cavity))
        except ServiceError:
            self._is_stale.set()
            raise
        self._on_registered()

    def _follow(self) -> None:
        for name, cavity in self._config.cavities.items():
            if not cavity.enabled:
                continue
            document = self._client.get_cavity(name)
            if document is None:
                self._is_stale.set()
                raise TryAgainError(f"the service does not know {name}")
            self._tracker.follow(name, document.get("resonance"))

    def _note(self, error: ServiceError) -> float:
        if self.last_error is None:
            _log.warning("cavities wait for their registration: %s", error)
        self.last_error = str(error)
        return self._backoff.next_s()
