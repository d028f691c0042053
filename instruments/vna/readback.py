"""What was set against what the instrument says it has."""

from collections.abc import Mapping

from instruments.errors import SettingRefusedError
from instruments.measurement import FrequencyAxis, SweepPlan
from instruments.vna.dialect import Setting

_TOLERANCE = {
    Setting.START_FREQUENCY: 1.0,
    Setting.STOP_FREQUENCY: 1.0,
    Setting.POINT_COUNT: 0.0,
    Setting.SOURCE_POWER: 0.05,
}
"""Largest difference that is rounding, in the setting's own unit."""

_IF_BANDWIDTH_TOLERANCE = 0.01
"""Filters come in steps; within this fraction it is the one that was asked for."""


def requested_settings(plan: SweepPlan) -> dict[Setting, float]:
    """Name what a plan asks of the instrument, apart from averaging."""
    return {
        Setting.START_FREQUENCY: plan.start_frequency_hz,
        Setting.STOP_FREQUENCY: plan.stop_frequency_hz,
        Setting.POINT_COUNT: plan.point_count,
        Setting.IF_BANDWIDTH: plan.if_bandwidth_hz,
        Setting.SOURCE_POWER: plan.source_power_dbm,
    }


def check_readback(
    requested: Mapping[Setting, float], actual: Mapping[Setting, float]
) -> None:
    """Refuse to sweep with other settings than the plan's.

    Raises
    ------
    SettingRefusedError
        If a setting differs by more than rounding; names it with both values.
    """
    for setting, wanted in requested.items():
        tolerance = _TOLERANCE.get(setting, _IF_BANDWIDTH_TOLERANCE * wanted)
        if abs(actual[setting] - wanted) > tolerance:
            raise SettingRefusedError(
                f"{setting} was set to {wanted:g} and reads back {actual[setting]:g}; "
                "ask for a value that this instrument has"
            )


def check_axis(axis: FrequencyAxis, plan: SweepPlan) -> None:
    """Refuse an axis that does not run from the plan's start to its stop.

    Parameters
    ----------
    axis
        As the instrument tells it after the sweep, in Hz, shape (point,).
    plan
        What was asked for.

    Raises
    ------
    SettingRefusedError
        If an end is off by more than 2 Hz: somebody changed it meanwhile.
    """
    ends = (float(axis[0]), float(axis[-1]))
    wanted = (plan.start_frequency_hz, plan.stop_frequency_hz)
    if any(abs(end - want) > 2.0 for end, want in zip(ends, wanted, strict=True)):
        raise SettingRefusedError(
            f"the axis runs from {ends[0]:.0f} to {ends[1]:.0f} Hz instead of "
            f"{wanted[0]:.0f} to {wanted[1]:.0f} Hz: somebody changed it meanwhile"
        )
