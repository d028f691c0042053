"""One driver for every dialect: prepare, start, wait, read, release."""

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from instruments.clock import Clock
from instruments.errors import InstrumentError, UntrueDataError
from instruments.measurement import (
    InstrumentIdentity,
    SegmentLimits,
    Sweep,
    SweepPlan,
    SweepPurpose,
    SweepSettings,
    TruthFlag,
)
from instruments.scpi import format_bool
from instruments.transport import Wire
from instruments.vna.commands import delete_commands
from instruments.vna.connecting import identify, prepare
from instruments.vna.conversation import Conversation
from instruments.vna.measured import DriftError, Measured, finish
from instruments.vna.plan_runner import PlanRunner
from instruments.vna.rules import VnaRules

_log = logging.getLogger(__name__)

_REPEATED = frozenset({TruthFlag.RF_OFF, TruthFlag.AXIS_MISMATCH})
"""Found after a sweep, these are mended and the sweep repeated."""


def _nothing() -> None:
    """Wait without a listener."""


class VectorNetworkAnalyzer:
    """A VNA at the end of a wire; to be used by one thread.

    Any error leaves the instrument in an unknown state: close the wire, open another
    and connect again. Only what ``on_wait`` raises leaves it fit for ``quiet`` and for
    the next sweep.

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
    rules
        What the owner of the instrument allows.
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
        rules: VnaRules | None = None,
    ) -> None:
        self._wire = wire
        self._clock = clock
        self._dialect_name = dialect
        self._expected_serial = expected_serial
        self._time_scale = time_scale
        self._rules = rules or VnaRules()
        self._identity = InstrumentIdentity()
        self._snapshot = list(snapshot)
        self._talk: Conversation | None = None
        self._runner: PlanRunner | None = None
        self._is_quiet = False
        self._last: dict[tuple[str, SweepPurpose], Sweep] = {}

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
        if self._talk is None or self._runner is None:
            return tuple(self._snapshot)
        segments = self._runner.operators_segments
        if segments is None:
            return tuple(self._snapshot)
        # The table goes as text, whatever format is restored after it.
        return (*self._talk.dialect.transfer.text, segments, *self._snapshot)

    @property
    def segment_limits(self) -> SegmentLimits | None:
        """What the segment table takes; None where the family has none."""
        table = self._require()[0].dialect.segments
        return None if table is None else table.limits

    def connect(self) -> InstrumentIdentity:
        """Identify the instrument and remember its state; changes no setting.

        Only the owner's rules may ask for a preset or a reference.

        Returns
        -------
        InstrumentIdentity
            Who answers.

        Raises
        ------
        IdentityMismatchError
            If it is not the instrument that the configuration names.
        InstrumentError
            If it does not answer as an instrument should, or cannot keep the rules.
        """
        identity, talk = identify(self._wire, self._dialect_name, self._expected_serial)
        prepared = prepare(talk, self._rules, self._snapshot)
        reference = self._rules.reference
        self._snapshot = list(prepared.snapshot)
        self._talk, self._identity = talk, identity
        self._runner = PlanRunner(
            talk,
            clock=self._clock,
            time_scale=self._time_scale,
            existing=prepared.existing,
            other_channels=prepared.other_channels,
            requires_lock=reference is not None and reference.require_lock,
            snapshot=prepared.snapshot,
        )
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
            If a setting reads back with another value, or the rules forbid it.
        ScpiError
            If the instrument reports an error.
        """
        self._rules.check(plan)
        return self._require()[1].configure(plan)

    def acquire(
        self, plan: SweepPlan, *, on_wait: Callable[[], None] = _nothing
    ) -> Sweep:
        """Carry out a plan: configure if need be, sweep once, read while held.

        What somebody changed meanwhile is set again and the sweep repeated once; so is
        a sweep whose data cannot be true. Sweeps of different settings never mix.

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
            ``measured_at`` is the end of the sweep; ``flags`` say what is wrong.

        Raises
        ------
        UntrueDataError
            If data cannot be true, twice.
        InstrumentError
            If anything fails; the wire should be closed then.
        """
        self._rules.check(plan)
        flags: set[TruthFlag] = set()
        try:
            measured = self._attempt(plan, on_wait)
            if not measured.flags & _REPEATED:
                return self._finished(plan, measured, flags)
            flags.add(TruthFlag.SETTINGS_DRIFT)
        except DriftError:
            flags.add(TruthFlag.SETTINGS_DRIFT)
        except UntrueDataError as error:
            _log.info("%s: %s; the sweep is repeated", plan.cavity, error)
        self._require()[1].forget()
        return self._finished(plan, self._attempt(plan, on_wait), flags)

    def quiet(self) -> bool:
        """Stop sweeping and switch the source off at once, in one message.

        Call it between sweeps, or after ``on_wait`` has raised. The next sweep switches
        the source on again.

        Returns
        -------
        bool
            Whether the source radiates nothing now; some families can only hold.
        """
        talk, _ = self._require()
        dialect = talk.dialect
        talk.confirm([*dialect.sweep.stop, *self._rf_commands(is_on=False)])
        self._is_quiet = dialect.rf_header is not None
        return dialect.can_silence

    def switch_rf(self, *, is_on: bool) -> None:
        """Switch the source on or off and wait until that is done."""
        self._require()[0].confirm(self._rf_commands(is_on=is_on))
        self._is_quiet = not is_on

    def release(self) -> None:
        """Give the front panel back as it was found, as far as the wire allows."""
        if self._talk is None or self._runner is None:
            return
        talk, runner = self._talk, self._runner
        if not self._rules.restore_on_release:
            return
        deleted = delete_commands(talk.dialect, runner.existing)
        talk.confirm([*deleted, *talk.dialect.channels.remove, *self.snapshot])
        runner.existing = {}
        runner.forget()

    def _require(self) -> tuple[Conversation, PlanRunner]:
        if self._talk is None or self._runner is None:
            raise InstrumentError("connect the instrument before measuring")
        return self._talk, self._runner

    def _rf_commands(self, *, is_on: bool) -> list[str]:
        header = self._require()[0].dialect.rf_header
        return [] if header is None else [f"{header} {format_bool(is_on)}"]

    def _attempt(self, plan: SweepPlan, on_wait: Callable[[], None]) -> Measured:
        talk, runner = self._require()
        first = self._rf_commands(is_on=True) if self._is_quiet else []
        self._is_quiet = False
        measured = runner.run(plan, on_wait=on_wait, first=first)
        if self._rules.rf_idle == "off":
            talk.tell(self._rf_commands(is_on=False))
            self._is_quiet = talk.dialect.rf_header is not None
        return measured

    def _finished(
        self, plan: SweepPlan, measured: Measured, flags: set[TruthFlag]
    ) -> Sweep:
        last = self._last.get((plan.cavity, plan.purpose))
        sweep = finish(plan, measured, self._identity, flags=flags, last=last)
        self._last[plan.cavity, plan.purpose] = sweep
        return sweep
