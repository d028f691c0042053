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
from instruments.polling.control.desk import Desk
from instruments.polling.health import (
    HealthBoard,
    InstrumentHealth,
    InstrumentState,
)
from instruments.polling.sensor_session import SensorSession
from instruments.polling.session import (
    ReferenceMarks,
    Session,
    Surroundings,
)
from instruments.polling.silence import Silence
from instruments.polling.sweeping.agenda import Agenda
from instruments.polling.sweeping.attempts import AttemptCounts
from instruments.polling.sweeping.completing import Completion
from instruments.polling.sweeping.rhythms import rhythms_of
from instruments.polling.sweeping.schedule import Rhythm
from instruments.polling.sweeping.vna_session import VnaSession
from instruments.polling.tickets import TicketOffice
from instruments.polling.tracking import ResonanceTracker
from instruments.polling.worker import Worker
from instruments.switches import Router, SwitchState

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
    called: threading.Event
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
    attempts
        Where every attempt to sweep is noted.
    router
        Sets the routes of the array file, if it has any.
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
        attempts: AttemptCounts | None = None,
        router: Router | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._board = HealthBoard(clock)
        self._posts: dict[str, _Post] = {}
        vna_of = {name: cavity.vna for name, cavity in config.cavities.items()}
        self._around = Surroundings(
            config=config,
            clock=clock,
            tracker=tracker,
            latest=LatestReadings(),
            board=self._board,
            silence=Silence(vna_of, clock=clock, wake=self._wake),
            tickets=TicketOffice(clock),
            attempts=attempts or AttemptCounts(),
            keep_sweep=keep_sweep,
            keep_reading=keep_reading,
            router=router,
        )
        references = ReferenceMarks(config.cavities if take_reference else ())
        self._completion = Completion(self._around, references)
        self._agendas: dict[str, Agenda] = {}
        self.desk = Desk(self._around, self._agendas, wake=self._wake)
        self._stopping = threading.Event()
        self._watchdog = threading.Thread(
            target=self._watch, name="watchdog", daemon=True
        )

    def start(self) -> None:
        """Start one worker an instrument, sensors first, and the watchdog."""
        for name, sensor in self._config.instruments.sensor.items():
            session = SensorSession(name, surroundings=self._around)
            self._board.add(name, "sensor", period_s=sensor.period_s)
            self._add(name, session, sensor.time_scale, threading.Event())
        for vna, rhythms in rhythms_of(self._config).items():
            self._add_vna(vna, rhythms)
        for post in self._posts.values():
            post.worker.start()
        self._watchdog.start()

    def stop(self, deadline_s: float) -> None:
        """Give every instrument back and end, within ``deadline_s`` seconds."""
        end_s = self._clock.monotonic_s() + deadline_s
        self._stopping.set()
        for post in self._posts.values():
            post.worker.end()
        for post in self._posts.values():
            post.worker.join(max(end_s - self._clock.monotonic_s(), 0.0))
        if self._watchdog.is_alive():
            self._watchdog.join(max(end_s - self._clock.monotonic_s(), 0.0))
        if self._around.router is not None:
            self._around.router.close()
        self.desk.expire(everything=True)

    def health(self) -> list[InstrumentHealth]:
        """Return the health of every instrument."""
        return self._board.snapshot()

    @property
    def silence(self) -> Silence:
        """Who asked for RF silence, and which VNAs keep it."""
        return self._around.silence

    def switches(self) -> list[SwitchState]:
        """Return what is known of every switch."""
        router = self._around.router
        return [] if router is None else router.states()

    @property
    def attempts(self) -> AttemptCounts:
        """Attempts so far, by how they ended."""
        return self._around.attempts

    def _add_vna(self, vna: str, rhythms: dict[tuple[str, str], Rhythm]) -> None:
        periods_s = [rhythm.period_s for rhythm in rhythms.values()]
        self._board.add(vna, "vna", period_s=min(periods_s, default=None))
        cavities = self._config.cavities.values()
        if not any(one.vna == vna and one.enabled for one in cavities):
            self._board.enter(vna, InstrumentState.DISABLED)
            return
        agenda = Agenda(rhythms, start_s=self._clock.monotonic_s())
        self._agendas[vna] = agenda
        called = threading.Event()
        session = VnaSession(
            vna,
            surroundings=self._around,
            agenda=agenda,
            completion=self._completion,
            called=called,
        )
        time_scale = self._config.instruments.vna[vna].time_scale
        self._add(vna, session, time_scale, called)

    def _add(
        self, name: str, session: Session, time_scale: float, called: threading.Event
    ) -> None:
        worker = self._make_worker(name, session, time_scale, called)
        self._posts[name] = _Post(worker, time_scale, called)

    def _make_worker(
        self, name: str, session: Session, time_scale: float, called: threading.Event
    ) -> Worker:
        backoff = Backoff(
            first_s=max(_FIRST_BACKOFF_S / time_scale, _LEAST_BACKOFF_S),
            longest_s=max(_LONGEST_BACKOFF_S / time_scale, _LEAST_BACKOFF_S),
            jitter=0.2,
        )
        return Worker(
            name,
            session,
            board=self._board,
            clock=self._clock,
            backoff=backoff,
            called=called,
        )

    def _wake(self, name: str) -> None:
        if post := self._posts.get(name):
            post.called.set()

    def _watch(self) -> None:
        while not self._stopping.wait(_WATCH_PERIOD_S):
            self.desk.expire()
            for post in self._posts.values():
                if post.worker.is_overdue or not post.worker.is_alive:
                    self._replace(post)

    def _replace(self, post: _Post) -> None:
        post.abandoned = [worker for worker in post.abandoned if worker.is_alive]
        name = post.worker.name
        if len(post.abandoned) >= _MAX_ABANDONED:
            self._board.enter(name, InstrumentState.FAULT)
            return
        _log.error("%s: the worker is stuck; another takes over", name)
        stuck = post.worker
        stuck.abandon()
        post.abandoned.append(stuck)
        self._board.count(name, "abandoned")
        self._board.note_error(name, "the worker was stuck and another took over")
        if self._around.router is not None:
            self._around.router.evict(name)
        fresh = stuck.session.renew()
        post.worker = self._make_worker(name, fresh, post.time_scale, post.called)
        post.worker.start()
