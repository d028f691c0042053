"""What goes wrong in the demo, and when: pure data in seconds of the array."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedFault:
    """One fault of the script.

    Attributes
    ----------
    at_s, clear_at_s
        When it starts and ends, in array seconds after the script's start.
    fault
        Name of the fault at the control port of the emulated array.
    position
        Which cavity, counted from 0 modulo their number; None for the whole array.
    severity
        0 to 1, as the control port takes it.
    ramp_s
        Array seconds from nothing to the full severity.
    notice_s
        Array seconds that its detection may take.
    rules
        Alert rules that count as its detection.
    """

    at_s: float
    clear_at_s: float
    fault: str
    position: int | None
    severity: float
    ramp_s: float
    notice_s: float
    rules: tuple[str, ...]


SCRIPT = (
    ScriptedFault(
        at_s=100.0,
        clear_at_s=2400.0,
        fault="circulator_stray_field",
        position=1,
        severity=0.7,
        ramp_s=120.0,
        notice_s=500.0,
        rules=("receiver_condition", "unknown_change"),
    ),
    ScriptedFault(
        at_s=340.0,
        clear_at_s=2700.0,
        fault="loose_connector",
        position=4,
        severity=0.7,
        ramp_s=0.0,
        notice_s=400.0,
        rules=("receiver_condition", "unknown_change"),
    ),
    ScriptedFault(
        at_s=580.0,
        clear_at_s=3000.0,
        fault="vna_silent",
        position=3,
        severity=1.0,
        ramp_s=0.0,
        notice_s=500.0,
        rules=("no_data",),
    ),
    ScriptedFault(
        at_s=820.0,
        clear_at_s=1900.0,
        fault="fridge_warming",
        position=None,
        severity=0.8,
        ramp_s=200.0,
        notice_s=600.0,
        rules=("warming",),
    ),
)
"""A circulator drifts into stray field, a connector comes loose, a VNA hangs, and the
fridge warms under all."""

PERIOD_S = 4800.0
"""The script starts again after so many array seconds."""


def playable(
    script: tuple[ScriptedFault, ...], remaining_s: float
) -> tuple[ScriptedFault, ...]:
    """Keep the faults that can be noticed before the run ends.

    Parameters
    ----------
    script
        The faults.
    remaining_s
        Array seconds from the script's start to the end of the run.
    """
    return tuple(
        fault for fault in script if fault.at_s + fault.notice_s <= remaining_s
    )
