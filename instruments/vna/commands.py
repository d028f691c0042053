"""From a plan to the commands of a dialect; no wire here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from instruments.measurement import SweepPlan
from instruments.scpi import format_bool, format_number
from instruments.vna.dialect import Dialect
from instruments.vna.readback import requested_settings
from instruments.vna.sections import DataForm, SegmentTable

OWN_PREFIX = "HALO_"
"""Names of our traces begin so; all others belong to the operator."""

_MAX_SHOWN_TRACES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTrace:
    """One S-parameter of a plan as a trace of the instrument.

    Attributes
    ----------
    key
        Name in the sweep, with the path after a colon.
    name, number
        Of the instrument's trace.
    s_parameter
        Bare, as the instrument takes it.
    """

    key: str
    name: str
    number: int
    s_parameter: str

    def fill(self, template: str) -> str:
        """Put the trace into a template."""
        return template.format(
            name=self.name, number=self.number, s_parameter=self.s_parameter
        )


def planned_traces(dialect: Dialect, plan: SweepPlan) -> list[PlannedTrace]:
    """List the traces of a plan, in its order."""
    table = dialect.traces
    return [
        PlannedTrace(
            key=key,
            name=(
                str(number)
                if table.is_named_by_number
                else OWN_PREFIX + key.replace(":", "_")
            ),
            number=number,
            s_parameter=key.partition(":")[0],
        )
        for number, key in enumerate(plan.s_parameters, table.first_number)
    ]


def own_traces(dialect: Dialect, catalog: Mapping[str, str]) -> dict[str, str]:
    """Pick our traces from a catalogue, name to S-parameter."""
    is_ours = dialect.traces.is_named_by_number
    return {
        name: s_parameter
        for name, s_parameter in catalog.items()
        if is_ours or name.startswith(OWN_PREFIX)
    }


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
    form: DataForm,
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
    form
        How data shall travel.

    Returns
    -------
    list of str
        Commands in their order: hold, trigger, traces, settings, averaging, format, RF.
    """
    held = (
        template.format(channel=channel)
        for channel in other_channels
        for template in dialect.channels.hold
    )
    transfer = dialect.transfer
    rf = [] if dialect.rf_header is None else [f"{dialect.rf_header} 1"]
    return [
        *held,
        *dialect.sweep.arm,
        *_trace_commands(dialect, plan, existing),
        *dialect.sweep.prepare,
        *_axis_commands(dialect, plan),
        *fill(dialect.averaging.set, plan),
        *(transfer.block if form is DataForm.BLOCK else transfer.text),
        *rf,
    ]


def delete_commands(dialect: Dialect, existing: Mapping[str, str]) -> list[str]:
    """List what removes our traces."""
    return [
        template.format(name=name)
        for name in existing
        for template in dialect.traces.delete
    ]


def _trace_commands(
    dialect: Dialect, plan: SweepPlan, existing: Mapping[str, str]
) -> list[str]:
    # Every defined trace is swept, so those of the last plan go first.
    wanted = planned_traces(dialect, plan)
    if {trace.name: trace.s_parameter for trace in wanted} == existing:
        return []
    table = dialect.traces
    commands = delete_commands(dialect, existing)
    commands += [one.format(trace_count=len(wanted)) for one in table.prepare]
    for index, trace in enumerate(wanted):
        shown = table.show if index < _MAX_SHOWN_TRACES else ()
        commands += [trace.fill(template) for template in (*table.define, *shown)]
    return commands


def _axis_commands(dialect: Dialect, plan: SweepPlan) -> list[str]:
    header = dialect.sweep.type_header
    if plan.segments and dialect.segments is not None:
        # An instrument that takes a table in its transfer format gets it as text.
        return [
            *dialect.transfer.text,
            *_setting_commands(dialect, plan),
            *_segment_commands(dialect.segments, plan),
            *([] if header is None else [f"{header} {dialect.sweep.segmented}"]),
        ]
    return [
        *([] if header is None else [f"{header} {dialect.sweep.linear}"]),
        *_setting_commands(dialect, plan),
    ]


def _setting_commands(dialect: Dialect, plan: SweepPlan) -> list[str]:
    return [
        f"{dialect.setting_headers[setting]} {format_number(value)}"
        for setting, value in requested_settings(plan).items()
    ]


def _segment_commands(table: SegmentTable, plan: SweepPlan) -> list[str]:
    rows = [
        {
            "index": index,
            "start_hz": format_number(one.start_frequency_hz),
            "stop_hz": format_number(one.stop_frequency_hz),
            "point_count": one.point_count,
            "if_bandwidth_hz": format_number(
                one.if_bandwidth_hz or plan.if_bandwidth_hz
            ),
            "source_power_dbm": format_number(
                plan.source_power_dbm
                if one.source_power_dbm is None
                else one.source_power_dbm
            ),
        }
        for index, one in enumerate(plan.segments, 1)
    ]
    joined = ",".join(table.row.format(**row) for row in rows)
    return [
        *table.prepare,
        *(
            template.format(segment_count=len(rows), rows=joined)
            for template in table.table
        ),
        *(command.format(**row) for row in rows for command in table.row_commands),
    ]
