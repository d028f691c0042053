"""The work of one VNA: sweep its cavities, one after the other, as they are due."""

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from instruments.array.ports import cavity_sweep, vna_plan
from instruments.errors import InstrumentError, NotConnectedError
from instruments.measurement import Sweep, SweepPlan
from instruments.polling.health import InstrumentState
from instruments.polling.session import (
    RouteNotSetError,
    Session,
    Surroundings,
    SweepInterruptedError,
    open_session_wire,
    opening_s,
    reason_of,
)
from instruments.polling.sweeping.agenda import Agenda, Turn
from instruments.polling.sweeping.attempts import Attempt, AttemptOutcome
from instruments.polling.sweeping.attention import AttentiveClock
from instruments.polling.sweeping.completing import Completion
from instruments.polling.sweeping.planning import Planner
from instruments.polling.sweeping.rules import rules_of
from instruments.polling.sweeping.severable_wire import SeverableWire
from instruments.polling.sweeping.under_way import UnderWay
from instruments.polling.tickets import new_key
from instruments.switches import SelectedRoute
from instruments.transport import Wire
from instruments.vna import VectorNetworkAnalyzer

_ROUTE_S = 10.0
_KEEPING_S = 30.0


class VnaSession(Session):
    """Sweeps the cavities of one VNA.

    Parameters
    ----------
    name
        The VNA in the array file.
    surroundings
        What all sessions share.
    agenda
        What it owes.
    completion
        Turns what the driver gives into what is kept.
    called
        Set by whoever wants the worker's attention.
    """

    def __init__(
        self,
        name: str,
        *,
        surroundings: Surroundings,
        agenda: Agenda,
        completion: Completion,
        called: threading.Event,
    ) -> None:
        self._name = name
        self._around = surroundings
        self._agenda = agenda
        self._completion = completion
        self._called = called
        self._clock = AttentiveClock(surroundings.clock, called)
        self._settings = surroundings.config.instruments.vna[name]
        self._planner = Planner(surroundings.config, surroundings.tracker)
        self._wire: Wire | None = None
        self._vna: VectorNetworkAnalyzer | None = None
        self._snapshot: tuple[str, ...] = ()
        self._under_way = UnderWay(name, surroundings, agenda, completion)
        self._is_replaced = self._is_held = False
        self.expected_s = 0.0

    def open(self) -> None:
        """Connect and identify; changes no setting."""
        self.expected_s = opening_s(self._settings)
        wire = open_session_wire(self._settings)
        self._wire = SeverableWire(wire, lambda: self._is_replaced)
        self._vna = VectorNetworkAnalyzer(
            self._wire,
            clock=self._clock,
            dialect=self._settings.dialect,
            expected_serial=self._settings.expected_serial,
            time_scale=self._settings.time_scale,
            snapshot=self._snapshot,
            rules=rules_of(self._settings),
        )
        identity = self._vna.connect()
        self._snapshot = tuple(self._vna.snapshot)
        told = (identity.vendor, identity.model, identity.serial, identity.firmware)
        self._around.board.identify(self._name, ", ".join(part or "?" for part in told))

    def next_due_s(self) -> float:
        """Return when the next sweep is due, or RF silence has to be kept."""
        silence = self._around.silence
        if not silence.is_imposed(self._name):
            if self._is_held:
                self._is_held = False
                self._around.board.enter(self._name, InstrumentState.READY)
            return self._agenda.next_due_s()
        if silence.is_kept(self._name):
            return silence.ends_s(self._name)
        return -math.inf

    def measure(self, beat: Callable[[], None]) -> bool:
        """Carry out the sweep that is due, and have it kept; or fall silent."""
        if self._vna is None:
            raise NotConnectedError(f"{self._name} is not connected")
        if self._around.silence.is_imposed(self._name):
            self._fall_silent(self._vna)
            return False
        turn = self._take_turn()
        if turn is None:
            return False
        if not self._around.silence.begin_radiating(self._name):
            self._agenda.give_back(turn, self._clock.monotonic_s())
            return False
        self._around.board.enter(self._name, InstrumentState.SWEEPING)
        try:
            self._carry_out(self._vna, turn, beat)
        except SweepInterruptedError:
            self._around.board.count(self._name, "interrupted")
            self._fall_silent(self._vna)
            return False
        except RouteNotSetError as error:
            self._around.board.note_failure(self._name, str(error))
        return True

    def close(self, *, is_orderly: bool) -> None:
        """Give the front panel back if the session ends in order, and hang up."""
        vna, wire = self._vna, self._wire
        self._vna = self._wire = None
        is_quiet = False
        if vna is not None:
            self._snapshot = tuple(vna.snapshot)
        if vna is not None and is_orderly:
            with contextlib.suppress(InstrumentError):
                is_quiet = self._give_back(vna)
        if not self._is_replaced:
            self._around.silence.note(self._name, is_quiet=is_quiet)
        if wire is not None:
            wire.close()

    def renew(self) -> "VnaSession":
        """Return a session that goes on where a stuck one hangs."""
        self._is_replaced = True
        self._under_way.break_off(AttemptOutcome.FAILED, "stuck")
        self._around.silence.note(self._name, is_quiet=False)
        fresh = VnaSession(
            self._name,
            surroundings=self._around,
            agenda=self._agenda,
            completion=self._completion,
            called=self._called,
        )
        fresh._snapshot = self._snapshot
        return fresh

    def _take_turn(self) -> Turn | None:
        skipped = self._agenda.skipped_count
        turn = self._agenda.take(self._clock.monotonic_s())
        newly_skipped = self._agenda.skipped_count - skipped
        if newly_skipped:
            self._around.board.count(self._name, "skipped", newly_skipped)
        return turn

    def _give_back(self, vna: VectorNetworkAnalyzer) -> bool:
        # The operator's settings would switch the source on while the DAQ digitises.
        if self._around.silence.is_imposed(self._name):
            return vna.quiet()
        vna.release()
        return False

    def _fall_silent(self, vna: VectorNetworkAnalyzer) -> None:
        self.expected_s = 2.0 * self._settings.io_timeout_s
        is_quiet = vna.quiet()
        obstacle = None if is_quiet else "its source cannot be switched off; it holds"
        self._around.silence.note(self._name, is_quiet=is_quiet, obstacle=obstacle)
        self._is_held = True
        self._around.board.enter(self._name, InstrumentState.HELD)

    def _carry_out(
        self, vna: VectorNetworkAnalyzer, turn: Turn, beat: Callable[[], None]
    ) -> None:
        limits = vna.segment_limits
        plans = self._planner.plans(turn.cavity, turn.sweep_name, limits)
        for plan in plans:
            self._attempt(vna, turn, plan, beat)
            # The ticket and the second try belong to the first plan.
            turn = replace(turn, ticket=None, is_retry=True)

    def _attempt(
        self,
        vna: VectorNetworkAnalyzer,
        turn: Turn,
        plan: SweepPlan,
        beat: Callable[[], None],
    ) -> None:
        attempt = Attempt(
            key=turn.ticket.key if turn.ticket else new_key(self._clock),
            vna=self._name,
            cavity=turn.cavity,
            sweep_name=turn.sweep_name,
        )
        self._under_way.begin(turn, attempt)
        try:
            raw, selected = self._sweep(vna, turn, plan, self._listening(beat))
            sweep = self._completion.complete(
                raw, turn, key=attempt.key, selected=selected
            )
            beat()
        except InstrumentError as error:
            self._under_way.break_off(
                AttemptOutcome.FAILED, reason_of(error), str(error)
            )
            raise
        except RouteNotSetError as error:
            self._under_way.break_off(AttemptOutcome.FAILED, error.reason, str(error))
            raise
        except SweepInterruptedError:
            self._under_way.break_off(AttemptOutcome.INTERRUPTED, "rf_silence")
            raise
        except BaseException as error:
            self._under_way.break_off(AttemptOutcome.INTERRUPTED, type(error).__name__)
            raise
        self.expected_s = _KEEPING_S
        self._under_way.keep(sweep)

    def _listening(self, beat: Callable[[], None]) -> Callable[[], None]:
        silence = self._around.silence

        def listen() -> None:
            beat()
            if silence.is_imposed(self._name):
                raise SweepInterruptedError

        return listen

    def _sweep(
        self,
        vna: VectorNetworkAnalyzer,
        turn: Turn,
        plan: SweepPlan,
        listen: Callable[[], None],
    ) -> tuple[Sweep, SelectedRoute | None]:
        ports = self._around.config.cavities[turn.cavity].ports
        self.expected_s = self._duration_s(plan)
        with self._route(turn, vna, listen) as selected:
            self.expected_s = self._duration_s(plan)
            raw = vna.acquire(vna_plan(plan, ports), on_wait=listen)
            confirmed = self._confirm(selected)
        return cavity_sweep(raw, plan, ports), confirmed

    def _confirm(self, selected: SelectedRoute | None) -> SelectedRoute | None:
        """Read a route back once more: somebody may have moved it meanwhile."""
        if selected is None or self._around.router is None:
            return None
        return replace(selected, is_verified=self._around.router.confirm(selected))

    def _duration_s(self, plan: SweepPlan) -> float:
        sweep_s = plan.duration_s / self._settings.time_scale
        return sweep_s + self._settings.io_timeout_s

    @contextlib.contextmanager
    def _route(
        self, turn: Turn, vna: VectorNetworkAnalyzer, listen: Callable[[], None]
    ) -> Iterator[SelectedRoute | None]:
        cavity = self._around.config.cavities[turn.cavity]
        route, router = cavity.route_of(turn.sweep_name), self._around.router
        if route is None or router is None:
            yield None
            return
        self.expected_s += _ROUTE_S
        with contextlib.ExitStack() as stack:
            held = router.hold(
                route,
                quiet=lambda: _hush(vna),
                holder=self._name,
                on_wait=listen,
            )
            try:
                selected = stack.enter_context(held)
            except InstrumentError as error:
                raise RouteNotSetError(error) from None
            yield selected


def _hush(vna: VectorNetworkAnalyzer) -> None:
    vna.quiet()
