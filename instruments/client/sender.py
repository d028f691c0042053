"""For a DAQ script: every sweep on disk at once, and at the service in the end."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from instruments.client.errors import ServiceError
from instruments.client.http import SweepClient
from instruments.client.spool import Spool
from instruments.client.uploader import Uploader
from instruments.clock import Clock, SystemClock
from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.poller_status import SpoolStatus

_log = logging.getLogger(__name__)

_LOOK_S = 0.2

Progress = Callable[[SpoolStatus], None]
"""Told how the spool stands while it drains."""


class SweepSender:
    """Takes sweeps at the pace of the measurement and carries them to the service.

    ``send`` returns once the sweep is on the disk of this machine. A thread posts what
    waits, in order, tries again with growing random pauses while the service is away,
    and forgets a sweep only when the service has committed it. After a crash the next
    sender with the same spool goes on.

    Parameters
    ----------
    url
        Root of the service, for instance ``http://127.0.0.1:8000``.
    spool
        Directory where sweeps wait; one sender at a time owns it.
    max_bytes
        Bytes that may wait.
    drain_s
        How long leaving the context waits for the service, in seconds.
    key
        API key, where the service requires one.
    clock
        The time.

    Raises
    ------
    SpoolError
        If the directory cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        spool: Path | str,
        max_bytes: int = 4 * 1024**3,
        drain_s: float = 30.0,
        key: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._drain_s = drain_s
        self._spool = Spool(
            Path(spool).expanduser(), max_bytes=max_bytes, clock=self._clock
        )
        self._client = SweepClient(url, key=key)
        self._uploader = Uploader(
            self._spool,
            self._client,
            clock=self._clock,
            on_unregistered=self._register,
        )
        self._uploader.start()

    def __enter__(self) -> Self:
        """Use the sender as a context."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the service for a while, then close; what is left stays on disk."""
        self.close()

    def send(
        self,
        cavity: str,
        frequency_hz: npt.ArrayLike,
        traces: Mapping[str, npt.ArrayLike],
        *,
        purpose: SweepPurpose | str = SweepPurpose.WIDE,
        **fields: Any,
    ) -> bool:
        """Keep a sweep that was just measured; see :class:`Sweep` for more fields.

        Parameters
        ----------
        cavity
            Who was measured; registered at the service where it does not know it.
        frequency_hz
            Axis in Hz, strictly rising, shape (point,).
        traces
            S-parameter name to complex samples, each shape (point,).
        purpose
            ``wide``, ``transmission`` or ``reflection``.
        fields
            ``measured_at`` (now, if not given), ``run``, ``step``, ``conditions``, ...

        Returns
        -------
        bool
            False where the same measurement waits already.

        Raises
        ------
        MeasurementError
            If it is no sweep; the message names the field.
        SpoolFullError
            If the spool or its disk is full: nobody has the sweep but the caller.
        """
        sweep = Sweep(
            cavity=cavity,
            measured_at=fields.pop("measured_at", None) or self._clock.now(),
            purpose=SweepPurpose(purpose),
            frequency_hz=frequency_hz,  # type: ignore[arg-type]  # converted there
            traces=traces,  # type: ignore[arg-type]  # converted there
            **fields,
        )
        return self.send_sweep(sweep)

    def send_sweep(self, sweep: Sweep) -> bool:
        """Keep a sweep that is one already; see ``send``."""
        return self._spool.put(sweep)

    def status(self) -> SpoolStatus:
        """Tell what waits and why, what has arrived and what was set aside."""
        state = self._spool.state()
        return replace(state, last_error=state.last_error or self.last_error)

    @property
    def last_error(self) -> str | None:
        """Why sweeps wait, None while they go through."""
        return self._uploader.last_error

    def drain(self, timeout_s: float, progress: Progress | None = None) -> bool:
        """Wait until the service has everything.

        Parameters
        ----------
        timeout_s
            Longest wait in seconds.
        progress
            Told how the spool stands, a few times a second.

        Returns
        -------
        bool
            Whether nothing waits any more.
        """
        deadline_s = self._clock.monotonic_s() + timeout_s
        while True:
            status = self.status()
            if progress is not None:
                progress(status)
            if status.depth == 0 or self._clock.monotonic_s() >= deadline_s:
                return status.depth == 0
            self._clock.sleep(_LOOK_S)

    def close(self) -> None:
        """Wait for the service for ``drain_s`` at most, then close."""
        if not self._uploader.stop(self._drain_s):
            _log.warning(
                "%d sweeps wait in %s; the next sender with this spool posts them",
                self.status().depth,
                self._spool.path.parent,
            )
        self._client.close()
        self._spool.close()

    def _register(self, cavities: Collection[str]) -> bool:
        try:
            for cavity in sorted(cavities):
                self._client.put_cavity(cavity, {})
        except ServiceError as error:
            _log.warning("%s cannot be registered: %s", cavity, error)
            return False
        return True
