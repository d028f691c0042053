"""A plan on an instrument: set, compared, swept, read."""

from collections.abc import Callable, Sequence

from instruments.clock import Clock
from instruments.errors import ScpiError, SettingRefusedError
from instruments.measurement import (
    FrequencyAxis,
    SweepPlan,
    SweepSettings,
    TraceArray,
    TruthFlag,
)
from instruments.scpi import parse_number
from instruments.vna.commands import (
    PlannedTrace,
    configure_commands,
    planned_traces,
)
from instruments.vna.conversation import Conversation
from instruments.vna.measured import (
    DriftError,
    Measured,
    settings_of,
    stimulus_of,
)
from instruments.vna.panel import remember_one
from instruments.vna.readback import (
    Readback,
    check_readback,
    check_segments,
    parse_readback,
    readback_queries,
)
from instruments.vna.reading import is_axis_of, read_axis, read_trace, read_triples
from instruments.vna.sections import DataForm
from instruments.vna.sweeping import SweepRun
from instruments.vna.waiting import SweepDuration


class PlanRunner:
    """Keeps one plan set on an instrument, and carries it out again and again.

    Parameters
    ----------
    talk
        The instrument.
    clock
        Stamps and waits.
    time_scale
        Emulated seconds in one real second; 1 for hardware.
    existing
        Our traces on the instrument, name to S-parameter.
    other_channels
        The operator's channels.
    requires_lock
        Whether each sweep asks for the lock of the reference.
    snapshot
        What is given back on release; a segment table in it is the operator's.
    """

    def __init__(
        self,
        talk: Conversation,
        *,
        clock: Clock,
        time_scale: float,
        existing: dict[str, str],
        other_channels: Sequence[int],
        requires_lock: bool,
        snapshot: Sequence[str],
    ) -> None:
        self._talk = talk
        self._clock = clock
        self._time_scale = time_scale
        self._others = other_channels
        self._form = talk.dialect.data_form(talk.transport)
        self._plan: SweepPlan | None = None
        self._exact: SweepPlan | None = None
        self._queries: list[str] = []
        self._told: list[str] = []
        self._readback = Readback()
        self._settings = SweepSettings()
        self._duration = SweepDuration(pass_s=0.0, expected_s=0.0)
        self._planned: list[PlannedTrace] = []
        self._axis: FrequencyAxis | None = None
        self.existing = existing
        self.operators_segments: str | None = None
        """Command that gives the operator's segment table back."""
        lock_query = talk.dialect.reference.lock_query
        self._lock_queries = [lock_query] if lock_query and requires_lock else []
        self._snapshot = snapshot

    def forget(self) -> None:
        """Set everything anew with the next plan."""
        self._plan = self._exact = self._axis = None

    def is_set(self, plan: SweepPlan) -> bool:
        """Tell whether the instrument has a plan's settings, as far as is known."""
        if self._plan is None:
            return False
        return plan is self._exact or self._plan == stimulus_of(plan)

    def configure(self, plan: SweepPlan) -> SweepSettings:
        """Set a plan in one message and read back what the instrument made of it.

        Raises
        ------
        SettingRefusedError
            If a setting reads back with another value, or segments are not known.
        ScpiError
            If the instrument reports an error.
        """
        dialect = self._talk.dialect
        check_segments(dialect, plan)
        self.forget()
        self._remember_segments(plan)
        commands = configure_commands(
            dialect, plan, self.existing, self._others, self._form
        )
        self._planned = planned_traces(dialect, plan)
        if dialect.traces.catalog_query is not None:
            self.existing = {one.name: one.s_parameter for one in self._planned}
        self._queries = readback_queries(dialect, plan)
        time_queries = self._time_queries(plan)
        replies = self._talk.confirm_and_ask(
            commands, [*self._queries, *time_queries, dialect.error_query]
        )
        if entries := self._talk.drain_errors(replies[-1]):
            raise ScpiError(f"the instrument reports {'; '.join(entries[:5])}")
        self._readback = parse_readback(dialect, plan, replies)
        check_readback(dialect, plan, self._readback)
        sweep_time_s = parse_number(replies[-2]) if time_queries else None
        self._settings = settings_of(plan, self._readback, sweep_time_s)
        self._duration = self._expect(plan, self._settings)
        self._told = replies[: len(self._queries)]
        self._plan = stimulus_of(plan)
        return self._settings

    def run(
        self, plan: SweepPlan, *, on_wait: Callable[[], None], first: Sequence[str]
    ) -> Measured:
        """Sweep once with a plan's settings, and read.

        Raises
        ------
        DriftError
            If the settings read back otherwise after the sweep.
        UntrueDataError
            If data came that cannot be true.
        InstrumentError
            If anything else fails.
        """
        settings = self._settings if self.is_set(plan) else self.configure(plan)
        self._exact = plan
        run = SweepRun(
            self._talk,
            plan,
            self._duration,
            clock=self._clock,
            on_wait=on_wait,
        )
        end = run.sweep(first, [*self._lock_queries, *self._queries])
        measured_at = self._clock.now()
        readback = self._read_back(plan, end.replies[len(self._lock_queries) :])
        axis, traces = self._read(plan)
        flags = {
            TruthFlag.AVERAGES_SHORT: end.is_average_short,
            TruthFlag.RF_OFF: readback.is_driven is False,
            TruthFlag.REFERENCE_UNLOCKED: not self._is_locked(end.replies),
            TruthFlag.AXIS_MISMATCH: axis is not self._axis,
        }
        return Measured(
            measured_at=measured_at,
            axis=axis,
            traces=traces,
            settings=settings,
            flags=frozenset(flag for flag, is_true in flags.items() if is_true),
        )

    def _read_back(self, plan: SweepPlan, told: list[str]) -> Readback:
        if told != self._told:
            readback = parse_readback(self._talk.dialect, plan, told)
            try:
                check_readback(self._talk.dialect, plan, readback)
            except SettingRefusedError as error:
                raise DriftError(f"somebody changed it: {error}") from None
            self._told, self._readback = told, readback
        return self._readback

    def _read(self, plan: SweepPlan) -> tuple[FrequencyAxis, dict[str, TraceArray]]:
        planned = self._planned
        axis: FrequencyAxis | None
        if self._form is DataForm.TRIPLES:
            pairs = [read_triples(self._talk, plan, one) for one in planned]
            axis = pairs[0][0]
            traces = {
                one.key: trace for one, (_, trace) in zip(planned, pairs, strict=True)
            }
        else:
            # Ends and sweep type read back the same, so a linear axis is the same.
            axis = self._axis
            if axis is None or plan.segments:
                axis = read_axis(self._talk, plan, planned[0], self._form)
            traces = {
                one.key: read_trace(self._talk, one, axis.size, self._form)
                for one in planned
            }
        if axis is not self._axis and is_axis_of(axis, plan):
            self._axis = axis
        return axis, traces

    def _is_locked(self, replies: Sequence[str]) -> bool:
        is_locked = self._talk.dialect.reference.is_locked
        if not self._lock_queries or is_locked is None:
            return True
        return is_locked(replies[0])

    def _remember_segments(self, plan: SweepPlan) -> None:
        table = self._talk.dialect.segments
        if not plan.segments or table is None or table.remembered is None:
            return
        header = table.remembered.command.partition(" ")[0]
        is_known = any(one.startswith(header) for one in self._snapshot)
        if self.operators_segments is None and not is_known:
            self._talk.tell(self._talk.dialect.transfer.text)
            self.operators_segments = remember_one(self._talk, table.remembered)

    def _time_queries(self, plan: SweepPlan) -> list[str]:
        dialect = self._talk.dialect
        query = dialect.sweep.time_query
        if plan.segments and dialect.segments is not None:
            query = dialect.segments.time_query or query
        return [] if query is None else [query]

    def _expect(self, plan: SweepPlan, settings: SweepSettings) -> SweepDuration:
        pass_s = plan.pass_duration_s * plan.source_count / self._time_scale
        announced_s = (
            (settings.sweep_time_s or 0.0) * plan.source_count / self._time_scale
        )
        return SweepDuration(
            pass_s=pass_s,
            expected_s=max(pass_s, announced_s) * plan.averaging_count,
            averaging_count=plan.averaging_count,
            time_scale=self._time_scale,
        )
