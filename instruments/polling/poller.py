"""All instruments of an array at once, and the watchdog over their threads."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from instruments.array import ArrayConfig
from instruments.client import Backoff
from instruments.clock import Clock
from instruments.measurement import Reading, Sweep
from instruments.polling.conditions import LatestReadings
from instruments.polling.health import (
    HealthBoard,
    InstrumentHealth,
    InstrumentState,
)
from instruments.polling.schedule import Schedule
from instruments.polling.sensor_session import SensorSession
from instruments.polling.session import ReferenceMarks, Session, Surroundings
from instruments.polling.tracking import ResonanceTracker
from instruments.polling.vna_session import VnaSession
from instruments.polling.worker import Worker

_log = logging.getLogger(__name__)

_WATCH_PERIOD_S = 1.0
_MAX_ABANDONED = 4
_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 60.0
_LEAST_BACKOFF_S = 0.05


@dataclass(slots=True)
class _Post:
    worker: Worker
    time_scale: float
    abandoned: list[Worker] = field(default_factory=list)


class Poller:
    """Measures every enabled cavity and every sensor of an array.

    Parameters
    ----------
    config
        The array.
    clock
        The time.
    tracker
        Where the modes are.
    keep_sweep
        Takes finished sweeps, called on the instruments' threads; raises
        ``SpoolError`` where it cannot.
    keep_reading
        Takes readings; must not block or fail.
    take_reference
        Whether the first good wide sweep of each cavity is its reference.
    """

    def __init__(
        self,
        config: ArrayConfig,
        *,
        clock: Clock,
        tracker: ResonanceTracker,
        keep_sweep: Callable[[Sweep], object],
        keep_reading: Callable[[Reading], None],
        take_reference: bool = False,
    ) -> None:
        self._config = config
        self._clock = clock
        self._board = HealthBoard(clock)
        self._around = Surroundings(
            config=config,
            clock=clock,
            tracker=tracker,
            latest=LatestReadings(),
            board=self._board,
            keep_sweep=keep_sweep,
            keep_reading=keep_reading,
        )
        self._references = ReferenceMarks(config.cavities if take_reference else ())
        self._posts: list[_Post] = []
        self._stopping = threading.Event()
        self._watchdog = threading.Thread(
            target=self._watch, name="watchdog", daemon=True
        )

    def start(self) -> None:
        """Start one worker an instrument, sensors first, and the watchdog."""
        for name, sensor in self._config.instruments.sensor.items():
            session = SensorSession(name, surroundings=self._around)
            self._add(name, "sensor", session, sensor.time_scale)
        for cavity, section in self._config.cavities.items():
            if section.enabled:
                time_scale = self._config.instruments.vna[section.vna].time_scale
                session_of_vna = self._vna_session(section.vna, cavity)
                self._add(section.vna, "vna", session_of_vna, time_scale)
        for post in self._posts:
            post.worker.start()
        self._watchdog.start()

    def stop(self, deadline_s: float) -> None:
        """Give every instrument back and end, within ``deadline_s`` seconds."""
        end_s = self._clock.monotonic_s() + deadline_s
        self._stopping.set()
        for post in self._posts:
            post.worker.end()
        for post in self._posts:
            post.worker.join(max(end_s - self._clock.monotonic_s(), 0.0))
        self._watchdog.join(max(end_s - self._clock.monotonic_s(), 0.0))

    def health(self) -> list[InstrumentHealth]:
        """Return the health of every instrument."""
        return self._board.snapshot()

    def _vna_session(self, vna: str, cavity: str) -> VnaSession:
        entries = {
            kind: (section.period_s, section.phase_s)
            for kind, section in self._config.schedule.items()
        }
        return VnaSession(
            vna,
            cavity,
            surroundings=self._around,
            schedule=Schedule(entries, start_s=self._clock.monotonic_s()),
            references=self._references,
        )

    def _add(self, name: str, kind: str, session: Session, time_scale: float) -> None:
        self._board.add(name, kind)
        worker = self._make_worker(name, session, time_scale)
        self._posts.append(_Post(worker=worker, time_scale=time_scale))

    def _make_worker(self, name: str, session: Session, time_scale: float) -> Worker:
        backoff = Backoff(
            first_s=max(_FIRST_BACKOFF_S / time_scale, _LEAST_BACKOFF_S),
            longest_s=max(_LONGEST_BACKOFF_S / time_scale, _LEAST_BACKOFF_S),
            jitter=0.2,
        )
        return Worker(
            name, session, board=self._board, clock=self._clock, backoff=backoff
        )

    def _watch(self) -> None:
        while not self._stopping.wait(_WATCH_PERIOD_S):
            for post in self._posts:
                if post.worker.is_overdue or not post.worker.is_alive:
                    self._replace(post)

    def _replace(self, post: _Post) -> None:
        post.abandoned = [worker for worker in post.abandoned if worker.is_alive]
        name = post.worker.name
        if len(post.abandoned) >= _MAX_ABANDONED:
            self._board.enter(name, InstrumentState.STUCK)
            return
        _log.error("%s: the worker is stuck; another takes over", name)
        stuck = post.worker
        stuck.abandon()
        post.abandoned.append(stuck)
        self._board.count(name, "abandoned")
        self._board.note_error(name, "the worker was stuck and another took over")
        fresh = stuck.session.renew()
        post.worker = self._make_worker(name, fresh, post.time_scale)
        post.worker.start()
