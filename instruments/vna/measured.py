"""What one attempt at a plan brings."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from instruments.errors import GarbledReplyError, SettingRefusedError
from instruments.measurement import (
    FrequencyAxis,
    InstrumentIdentity,
    MeasurementError,
    Sweep,
    SweepPlan,
    SweepPurpose,
    SweepSettings,
    TraceArray,
    TruthFlag,
)
from instruments.measurement.artefacts import flags_of_traces
from instruments.vna.dialect import Setting
from instruments.vna.readback import Readback


class DriftError(SettingRefusedError):
    """Settings that had been read back once read back otherwise after the sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one attempt at a plan brought.

    Attributes
    ----------
    measured_at
        End of the sweep.
    axis
        In Hz, shape (point,).
    traces
        Name to samples, each shape (point,).
    settings
        As read back.
    flags
        What is known against it, apart from the samples.
    """

    measured_at: datetime
    axis: FrequencyAxis
    traces: dict[str, TraceArray]
    settings: SweepSettings
    flags: frozenset[TruthFlag]


def stimulus_of(plan: SweepPlan) -> SweepPlan:
    """Return a plan without what the instrument does not know of."""
    return replace(plan, cavity="any", purpose=SweepPurpose.WIDE)


def settings_of(
    plan: SweepPlan, readback: Readback, sweep_time_s: float | None
) -> SweepSettings:
    """Name the settings of a sweep: those that were read back, else the plan's."""
    values = readback.values
    return SweepSettings(
        if_bandwidth_hz=values.get(Setting.IF_BANDWIDTH, plan.if_bandwidth_hz),
        source_power_dbm=values.get(Setting.SOURCE_POWER, plan.source_power_dbm),
        averaging_count=plan.averaging_count,
        sweep_time_s=sweep_time_s,
    )


def finish(
    plan: SweepPlan,
    measured: Measured,
    identity: InstrumentIdentity,
    *,
    flags: AbstractSet[TruthFlag],
    last: Sweep | None,
) -> Sweep:
    """Make a sweep of what was measured, with all that is known against it.

    Parameters
    ----------
    plan, measured, identity
        What was asked for, what came, and from which instrument.
    flags
        From earlier attempts.
    last
        The sweep before of the same kind.

    Raises
    ------
    GarbledReplyError
        If it is no sweep, for instance because the axis falls.
    """
    samples = flags_of_traces(
        measured.traces,
        None if last is None else last.traces,
        narrow=plan.purpose is not SweepPurpose.WIDE,
    )
    try:
        return Sweep(
            cavity=plan.cavity,
            measured_at=measured.measured_at,
            purpose=plan.purpose,
            frequency_hz=measured.axis,
            traces=measured.traces,
            settings=measured.settings,
            instrument=identity,
            flags=tuple(flags | measured.flags | set(samples)),
        )
    except MeasurementError as error:
        raise GarbledReplyError(f"the reply is no sweep: {error}") from None
