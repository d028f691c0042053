"""One driver for every dialect: prepare, start, wait, read, release."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from instruments.clock import Clock
from instruments.errors import (
    GarbledReplyError,
    IdentityMismatchError,
    InstrumentError,
    ScpiError,
    SettingRefusedError,
)
from instruments.measurement import (
    InstrumentIdentity,
    MeasurementError,
    Sweep,
    SweepPlan,
    SweepSettings,
)
from instruments.scpi import (
    format_bool,
    join_commands,
    parse_bool,
    parse_identity,
    parse_number,
)
from instruments.transport import Wire
from instruments.vna.commands import (
    OWN_PREFIX,
    configure_commands,
    delete_commands,
    fill,
    wanted_traces,
)
from instruments.vna.dialect import Dialect, Setting, choose_dialect
from instruments.vna.keysight import DIALECTS
from instruments.vna.readback import check_readback, requested_settings
from instruments.vna.reading import drain_errors, read_axis, read_trace
from instruments.vna.waiting import SweepDuration, wait_for_end


def _nothing() -> None:
    """Wait without a listener."""


class VectorNetworkAnalyzer:
    """A VNA at the end of a wire; to be used by one thread.

    Any error leaves the instrument in an unknown state: close the wire, open another
    and connect again.

    Parameters
    ----------
    wire
        The session.
    clock
        Stamps and waits.
    dialect
        Name of a dialect, or ``auto`` to choose by ``*IDN?``.
    expected_serial
        Serial number that the configuration names, if any.
    time_scale
        Emulated seconds in one real second; 1 for hardware.
    snapshot
        What to restore on release, from an earlier session that broke.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        clock: Clock,
        dialect: str = "auto",
        expected_serial: str | None = None,
        time_scale: float = 1.0,
        snapshot: Sequence[str] = (),
    ) -> None:
        self._wire = wire
        self._clock = clock
        self._dialect_name = dialect
        self._expected_serial = expected_serial
        self._time_scale = time_scale
        self._dialect: Dialect | None = None
        self._identity = InstrumentIdentity()
        self._snapshot = list(snapshot)
        self._others: list[int] = []
        self._traces: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Connect."""
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release."""
        self.release()

    @property
    def identity(self) -> InstrumentIdentity:
        """What ``*IDN?`` told at connect."""
        return self._identity

    @property
    def snapshot(self) -> Sequence[str]:
        """Commands that restore what the operator had set."""
        return tuple(self._snapshot)

    def connect(self) -> InstrumentIdentity:
        """Identify the instrument and remember its state; changes no setting.

        Returns
        -------
        InstrumentIdentity
            Who answers.

        Raises
        ------
        IdentityMismatchError
            If it is not the instrument that the configuration names.
        InstrumentError
            If it does not answer as an instrument should.
        """
        identity = parse_identity(self._wire.query("*IDN?"))
        if self._expected_serial not in (None, identity.serial):
            raise IdentityMismatchError(
                f"serial number {identity.serial} answers, the array file expects "
                f"{self._expected_serial}"
            )
        dialect = choose_dialect(DIALECTS, self._dialect_name, identity)
        self._dialect, self._identity = dialect, identity
        drain_errors(self._wire, dialect)
        channels = dialect.parse_channels(self._wire.query(dialect.channels_query))
        self._others = [one for one in channels if one != dialect.own_channel_number]
        if dialect.own_channel_number in channels:
            self._take_over_traces()
        self._snapshot = self._snapshot or self._take_snapshot()
        return identity

    def configure(self, plan: SweepPlan) -> SweepSettings:
        """Set a plan in one message and read back what the instrument made of it.

        Returns
        -------
        SweepSettings
            The settings as read back; the sweep time is that of one pass.

        Raises
        ------
        SettingRefusedError
            If a setting reads back with another value.
        ScpiError
            If the instrument reports an error.
        """
        dialect = self._require_dialect()
        commands = configure_commands(dialect, plan, self._traces, self._others)
        self._traces = wanted_traces(plan)
        self._synchronize(join_commands(commands, then_query="*OPC?"))
        if entries := drain_errors(self._wire, dialect):
            raise ScpiError(f"the instrument reports {'; '.join(entries[:5])}")
        actual = {
            setting: parse_number(self._wire.query(f"{header}?"))
            for setting, header in dialect.setting_headers.items()
        }
        check_readback(requested_settings(plan), actual)
        if not parse_bool(self._wire.query(f"{dialect.rf_header}?")):
            raise SettingRefusedError("the source was switched on and reads back off")
        return SweepSettings(
            if_bandwidth_hz=actual[Setting.IF_BANDWIDTH],
            source_power_dbm=actual[Setting.SOURCE_POWER],
            averaging_count=plan.averaging_count,
            sweep_time_s=parse_number(self._wire.query(dialect.sweep_time_query)),
        )

    def acquire(
        self, plan: SweepPlan, *, on_wait: Callable[[], None] = _nothing
    ) -> Sweep:
        """Carry out a plan: configure, sweep once, read axis and traces while held.

        Parameters
        ----------
        plan
            What to measure.
        on_wait
            Called at least ten times a second while sweeping; may raise to give up.

        Returns
        -------
        Sweep
            Axis as the instrument tells it; traces complex64, shape (point,);
            ``measured_at`` is the end of the sweep.

        Raises
        ------
        InstrumentError
            If anything fails; the wire should be closed then.
        """
        dialect = self._require_dialect()
        settings = self.configure(plan)
        is_averaged = plan.averaging_count > 1
        start = dialect.start_averaged if is_averaged else dialect.start_single
        self._wire.write(join_commands(fill(start, plan)))
        duration = self._duration(plan, settings)
        wait_for_end(self._has_ended, duration, self._clock, on_wait)
        measured_at = self._clock.now()
        axis = read_axis(self._wire, dialect, plan)
        traces = {
            name: read_trace(self._wire, dialect, name, axis.size)
            for name in plan.s_parameters
        }
        try:
            return Sweep(
                cavity=plan.cavity,
                measured_at=measured_at,
                purpose=plan.purpose,
                frequency_hz=axis,
                traces=traces,
                settings=settings,
                instrument=self._identity,
            )
        except MeasurementError as error:
            raise GarbledReplyError(f"the reply is no sweep: {error}") from None

    def quiet(self) -> None:
        """Stop sweeping and switch the source off; returns once it is off.

        Raises
        ------
        SettingRefusedError
            If the source reads back on.
        InstrumentError
            If the instrument does not say so in time.
        """
        dialect = self._require_dialect()
        mode = dialect.mode_header.format(channel=dialect.own_channel_number)
        hold = f"{mode} {dialect.hold_mode}"
        off = f"{dialect.rf_header} {format_bool(False)}"
        self._synchronize(join_commands([hold, off], then_query="*OPC?"))
        if parse_bool(self._wire.query(f"{dialect.rf_header}?")):
            raise SettingRefusedError("the source was switched off and reads back on")

    def release(self) -> None:
        """Give the front panel back as it was found, as far as the wire allows."""
        if self._dialect is None:
            return
        delete = delete_commands(self._dialect, self._traces)
        self._wire.query(join_commands([*delete, *self._snapshot], then_query="*OPC?"))
        self._traces = {}

    def _require_dialect(self) -> Dialect:
        if self._dialect is None:
            raise InstrumentError("connect the instrument before measuring")
        return self._dialect

    def _take_over_traces(self) -> None:
        dialect = self._require_dialect()
        catalog = dialect.parse_catalog(self._wire.query(dialect.catalog_query))
        self._traces = {
            name: parameter
            for name, parameter in catalog.items()
            if name.startswith(OWN_PREFIX)
        }

    def _take_snapshot(self) -> list[str]:
        dialect = self._require_dialect()
        modes = [dialect.mode_header.format(channel=one) for one in self._others]
        return [
            f"{header} {self._wire.query(f'{header}?').replace('+', '')}"
            for header in (*dialect.snapshot_headers, *modes)
        ]

    def _synchronize(self, message: str) -> None:
        reply = self._wire.query(message)
        if reply.strip().lstrip("+") != "1":
            raise GarbledReplyError(f"*OPC? was answered with {reply[:80]!r}")

    def _duration(self, plan: SweepPlan, settings: SweepSettings) -> SweepDuration:
        source_count = len({name[2] for name in plan.s_parameters})
        announced_s = (settings.sweep_time_s or 0.0) * plan.averaging_count
        least_s = plan.duration_s / self._time_scale
        return SweepDuration(
            least_s=least_s,
            expected_s=max(least_s, announced_s * source_count / self._time_scale),
            time_scale=self._time_scale,
        )

    def _has_ended(self) -> bool:
        dialect = self._require_dialect()
        return self._wire.query(dialect.done_query).strip() == dialect.done_reply
