"""What was set against what the instrument says it has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from instruments.errors import SettingRefusedError
from instruments.measurement import SweepPlan
from instruments.scpi import parse_bool, parse_number
from instruments.vna.dialect import Dialect, Setting

_TOLERANCE = {
    Setting.START_FREQUENCY: 1.0,
    Setting.STOP_FREQUENCY: 1.0,
    Setting.POINT_COUNT: 0.0,
    Setting.SOURCE_POWER: 0.05,
    Setting.AVERAGING_COUNT: 0.0,
}
"""Largest difference that is rounding, in the setting's own unit."""

_IF_BANDWIDTH_TOLERANCE = 0.01
"""Filters come in steps; within this fraction it is the one that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readback:
    """The instrument's own words on its settings.

    Attributes
    ----------
    values
        Settings that it told.
    sweep_type, is_averaging, is_driven
        Sweep type, averaging and source; None where nothing tells.
    """

    values: Mapping[Setting, float] = field(default_factory=dict)
    sweep_type: str | None = None
    is_averaging: bool | None = None
    is_driven: bool | None = None


def requested_settings(plan: SweepPlan) -> dict[Setting, float]:
    """Name what a plan asks of the instrument, apart from averaging and segments."""
    drive = {
        Setting.IF_BANDWIDTH: plan.if_bandwidth_hz,
        Setting.SOURCE_POWER: plan.source_power_dbm,
    }
    if plan.segments:
        return drive
    return {
        Setting.START_FREQUENCY: plan.start_frequency_hz,
        Setting.STOP_FREQUENCY: plan.stop_frequency_hz,
        Setting.POINT_COUNT: plan.point_count,
        **drive,
    }


def check_segments(dialect: Dialect, plan: SweepPlan) -> None:
    """Refuse a plan whose segments the family does not take.

    Raises
    ------
    SettingRefusedError
        If there are none, too many or too small ones, or they differ in filter or power
        where they cannot.
    """
    if not plan.segments:
        return
    if dialect.segments is None:
        raise SettingRefusedError(
            f"{dialect.name} takes no segments; split the plan in two"
        )
    limits = dialect.segments.limits
    fewest = min(one.point_count for one in plan.segments)
    if len(plan.segments) > limits.max_segment_count:
        raise SettingRefusedError(
            f"{dialect.name} takes {limits.max_segment_count} segments, the plan has "
            f"{len(plan.segments)}"
        )
    if fewest < limits.least_point_count:
        raise SettingRefusedError(
            f"{dialect.name} wants {limits.least_point_count} points a segment"
        )
    if plan.has_own_settings and not limits.has_own_settings:
        raise SettingRefusedError(
            f"{dialect.name} takes no IF bandwidth or power of a segment's own"
        )


def readback_queries(dialect: Dialect, plan: SweepPlan) -> list[str]:
    """List the questions whose answers ``parse_readback`` reads."""
    headers = (
        dialect.sweep.type_header,
        dialect.averaging.state_header,
        dialect.rf_header,
    )
    return [
        *(f"{dialect.setting_headers[one]}?" for one in _told_settings(plan)),
        *(f"{header}?" for header in headers if header is not None),
    ]


def parse_readback(
    dialect: Dialect, plan: SweepPlan, replies: Sequence[str]
) -> Readback:
    """Read the answers to ``readback_queries``.

    Raises
    ------
    GarbledReplyError
        If an answer is not of its kind.
    """
    rest = iter(replies)
    values = {one: parse_number(next(rest)) for one in _told_settings(plan)}
    sweep, averaging = dialect.sweep, dialect.averaging
    return Readback(
        values=values,
        sweep_type=_next_text(rest, sweep.type_header),
        is_averaging=_next_truth(rest, averaging.state_header),
        is_driven=_next_truth(rest, dialect.rf_header),
    )


def check_readback(dialect: Dialect, plan: SweepPlan, readback: Readback) -> None:
    """Refuse other settings than the plan's; the source is not looked at.

    Raises
    ------
    SettingRefusedError
        If a setting differs by more than rounding; names it with both values.
    """
    wanted = requested_settings(plan)
    wanted[Setting.AVERAGING_COUNT] = plan.averaging_count
    for setting, value in readback.values.items():
        tolerance = _TOLERANCE.get(setting, _IF_BANDWIDTH_TOLERANCE * wanted[setting])
        if abs(value - wanted[setting]) > tolerance:
            raise SettingRefusedError(
                f"{setting} was set to {wanted[setting]:g} and reads back {value:g}; "
                "ask for a value that this instrument has"
            )
    if readback.is_averaging not in (None, plan.averaging_count > 1):
        raise SettingRefusedError(
            f"averaging reads back {'on' if readback.is_averaging else 'off'}"
        )
    kind = dialect.sweep.segmented if plan.segments else dialect.sweep.linear
    told = readback.sweep_type
    if told is not None and not told.strip().upper().startswith(kind.upper()):
        raise SettingRefusedError(
            f"the sweep type was set to {kind} and reads back {told[:20]}"
        )


def _told_settings(plan: SweepPlan) -> list[Setting]:
    told = list(requested_settings(plan))
    if plan.averaging_count > 1:
        told.append(Setting.AVERAGING_COUNT)
    return told


def _next_text(rest: Iterator[str], header: str | None) -> str | None:
    return None if header is None else next(rest)


def _next_truth(rest: Iterator[str], header: str | None) -> bool | None:
    return None if header is None else parse_bool(next(rest))
