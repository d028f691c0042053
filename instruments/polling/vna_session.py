"""The work of one VNA: sweep its cavity by the schedule."""

import contextlib
from collections.abc import Callable
from dataclasses import replace

from instruments.array import plan_for
from instruments.client import SpoolError
from instruments.errors import InstrumentError, NotConnectedError
from instruments.measurement import Sweep, SweepPlan, SweepPurpose
from instruments.polling.schedule import Schedule
from instruments.polling.session import (
    ReferenceMarks,
    Session,
    Surroundings,
    open_session_wire,
    opening_s,
)
from instruments.transport import Wire
from instruments.vna import VectorNetworkAnalyzer

_FRESH_PERIODS = 3.0
_LEAST_AGE_S = 10.0


class VnaSession(Session):
    """Sweeps one cavity through one VNA.

    Parameters
    ----------
    name, cavity
        The VNA and the cavity in the array file.
    surroundings
        What all sessions share.
    schedule
        When each kind of sweep is due.
    references
        Which cavities owe a reference sweep.
    """

    def __init__(
        self,
        name: str,
        cavity: str,
        *,
        surroundings: Surroundings,
        schedule: Schedule,
        references: ReferenceMarks,
    ) -> None:
        self._name = name
        self._cavity = cavity
        self._around = surroundings
        self._schedule = schedule
        self._references = references
        self._settings = surroundings.config.instruments.vna[name]
        self._wire: Wire | None = None
        self._vna: VectorNetworkAnalyzer | None = None
        self._snapshot: tuple[str, ...] = ()
        self.expected_s = 0.0

    def open(self) -> None:
        """Connect and identify; changes no setting."""
        self.expected_s = opening_s(self._settings)
        self._wire = open_session_wire(self._settings)
        self._vna = VectorNetworkAnalyzer(
            self._wire,
            clock=self._around.clock,
            dialect=self._settings.dialect,
            expected_serial=self._settings.expected_serial,
            time_scale=self._settings.time_scale,
            snapshot=self._snapshot,
        )
        self._vna.connect()
        self._snapshot = tuple(self._vna.snapshot)

    def next_due_s(self) -> float:
        """Return when the next sweep is due."""
        return self._schedule.next_due_s()

    def measure(self, beat: Callable[[], None]) -> None:
        """Carry out the sweep that is due, and have it kept."""
        if self._vna is None:
            raise NotConnectedError(f"{self._name} is not connected")
        kind = self._take_kind()
        if kind is None:
            return
        plan = self._plan(kind)
        self.expected_s = (
            plan.duration_s / self._settings.time_scale + self._settings.io_timeout_s
        )
        try:
            sweep = self._vna.acquire(plan, on_wait=beat)
        except InstrumentError:
            self._schedule.give_back(kind, self._around.clock.monotonic_s())
            raise
        beat()
        self._keep(self._complete(sweep))

    def close(self, *, is_orderly: bool) -> None:
        """Give the front panel back if the session ends in order, and hang up."""
        vna, wire = self._vna, self._wire
        self._vna = self._wire = None
        if vna is not None and is_orderly:
            with contextlib.suppress(InstrumentError):
                vna.release()
        if wire is not None:
            wire.close()

    def renew(self) -> "VnaSession":
        """Return a session with the same schedule and the operator's settings."""
        fresh = VnaSession(
            self._name,
            self._cavity,
            surroundings=self._around,
            schedule=self._schedule,
            references=self._references,
        )
        fresh._snapshot = self._snapshot
        return fresh

    def _take_kind(self) -> str | None:
        skipped = self._schedule.skipped_count
        kind = self._schedule.take(self._around.clock.monotonic_s())
        newly_skipped = self._schedule.skipped_count - skipped
        if newly_skipped:
            self._around.board.count(self._name, "skipped", newly_skipped)
        return kind

    def _plan(self, kind: str) -> SweepPlan:
        position = self._around.tracker.position(self._cavity)
        return plan_for(
            self._around.config,
            self._cavity,
            kind,
            position.resonant_frequency_hz,
            loaded_q=position.loaded_q,
        )

    def _complete(self, sweep: Sweep) -> Sweep:
        cavity = self._around.config.cavities[self._cavity]
        conditions = self._around.latest.conditions_of(
            self._cavity,
            cavity.conditions,
            at=sweep.measured_at,
            max_age_s=self._longest_ages_s(),
        )
        is_wide = sweep.purpose is SweepPurpose.WIDE
        return replace(
            sweep,
            is_reference=is_wide and self._references.owes(self._cavity),
            thermal_cycle=cavity.thermal_cycle,
            conditions=conditions,
        )

    def _longest_ages_s(self) -> dict[str, float]:
        return {
            reading: max(_FRESH_PERIODS * sensor.period_s, _LEAST_AGE_S)
            for sensor in self._around.config.instruments.sensor.values()
            for reading in sensor.readings.values()
        }

    def _keep(self, sweep: Sweep) -> None:
        board = self._around.board
        board.count(self._name, "measured")
        try:
            self._around.keep_sweep(sweep)
        except SpoolError as error:
            board.count(self._name, "lost")
            board.note_error(self._name, str(error))
            return
        if sweep.is_reference:
            self._references.settle(self._cavity)
