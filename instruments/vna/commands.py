"""From a plan to the commands of a dialect; no wire here."""

from collections.abc import Mapping, Sequence

from instruments.measurement import SweepPlan
from instruments.scpi import format_bool, format_number
from instruments.vna.dialect import Dialect
from instruments.vna.readback import requested_settings

OWN_PREFIX = "HALO_"
"""Names of our traces begin so; all others belong to the operator."""

_FIRST_TRACE_NUMBER = 21
_MAX_SHOWN_TRACES = 4


def trace_name(s_parameter: str) -> str:
    """Name the instrument's trace that holds one S-parameter of a sweep."""
    return OWN_PREFIX + s_parameter.replace(":", "_")


def wanted_traces(plan: SweepPlan) -> dict[str, str]:
    """Name the traces of a plan, each with its bare S-parameter."""
    return {trace_name(name): name.partition(":")[0] for name in plan.s_parameters}


def fill(templates: Sequence[str], plan: SweepPlan) -> list[str]:
    """Put the averaging of a plan into command templates."""
    state = format_bool(plan.averaging_count > 1)
    return [
        template.format(state=state, count=plan.averaging_count)
        for template in templates
    ]


def configure_commands(
    dialect: Dialect,
    plan: SweepPlan,
    existing: Mapping[str, str],
    other_channels: Sequence[int],
) -> list[str]:
    """List everything that has to be set before a sweep.

    Parameters
    ----------
    dialect
        The instrument's family.
    plan
        What to measure.
    existing
        Our traces on the instrument, name to S-parameter.
    other_channels
        The operator's channels, which would sweep in between.

    Returns
    -------
    list of str
        Commands in their order: hold, trigger, traces, settings, averaging, format, RF.
    """
    settings = (
        f"{dialect.setting_headers[setting]} {format_number(value)}"
        for setting, value in requested_settings(plan).items()
    )
    held = (
        f"{dialect.mode_header.format(channel=channel)} {dialect.hold_mode}"
        for channel in other_channels
    )
    return [
        *held,
        *dialect.trigger,
        *_trace_commands(dialect, wanted_traces(plan), existing),
        *dialect.prepare,
        *settings,
        *fill(dialect.averaging, plan),
        *dialect.transfer_format,
        f"{dialect.rf_header} {format_bool(True)}",
    ]


def delete_commands(dialect: Dialect, existing: Mapping[str, str]) -> list[str]:
    """List what removes our traces."""
    return [dialect.delete_trace.format(name=name) for name in existing]


def _trace_commands(
    dialect: Dialect, wanted: Mapping[str, str], existing: Mapping[str, str]
) -> list[str]:
    # Every defined trace is swept, so those of the last plan go first.
    if wanted == existing:
        return []
    commands = delete_commands(dialect, existing)
    for index, (name, parameter) in enumerate(wanted.items()):
        shown = dialect.define_trace[: None if index < _MAX_SHOWN_TRACES else 1]
        number = _FIRST_TRACE_NUMBER + index
        commands += [
            template.format(name=name, s_parameter=parameter, number=number)
            for template in shown
        ]
    return commands
