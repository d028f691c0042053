"""Faults that can be switched on at run time, and the record of what was."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FaultKind(StrEnum):
    """What can go wrong."""

    CIRCULATOR_STRAY_FIELD = "circulator_stray_field"
    """Severity 1 is 50 mT at the circulator's shield."""

    LOOSE_CONNECTOR = "loose_connector"
    """Severity 1 loses about 10 dB at one connector."""

    AMPLIFIER_FAULT = "amplifier_fault"
    """Severity 1 loses nine tenths of the drain current."""

    FRIDGE_WARMING = "fridge_warming"
    """All cavities at once; severity 1 is 120 K."""

    VNA_SILENT = "vna_silent"
    """The VNA takes every message and answers none."""

    DROP_MID_BLOCK = "drop_mid_block"
    """The connection is closed in the middle of a long reply."""

    GARBAGE = "garbage"
    """Replies are random bytes."""

    DELAY = "delay"
    """Every reply comes late."""

    SPLIT_PACKETS = "split_packets"
    """Replies come in many small pieces."""

    STALE_REPLY = "stale_reply"
    """A reply stays out and comes in front of the next one."""

    SECOND_CLIENT_REFUSED = "second_client_refused"
    """Connections beside the one that is open are closed at once."""

    WRONG_LENGTH = "wrong_length"
    """Data lack their last point."""

    WRONG_ENDIAN = "wrong_endian"
    """Blocks come in the byte order that was not asked for."""

    NOT_A_NUMBER = "not_a_number"
    """One number of the data is NaN, 9.91E37 where they are text."""

    MISSING_POINTS = "missing_points"
    """The second half of the data is 9.91E37, as R&S marks points not measured."""

    REPEATED_TRACE = "repeated_trace"
    """A sweep ends and its data are those of the one before."""

    AVERAGES_SHORT = "averages_short"
    """A group of sweeps ends after its first."""

    RF_OFF = "rf_off"
    """The source is off, whatever it is told."""

    REFERENCE_UNLOCKED = "reference_unlocked"
    """The external reference is lost; frequencies are 2 ppm off."""

    ERROR_ENTRY = "error_entry"
    """The error queue gets an entry of its own accord."""

    FRONT_PANEL = "front_panel"
    """Somebody turns knobs between sweeps: a narrower span, a wider IF."""

    FRONT_PANEL_IN_SWEEP = "front_panel_in_sweep"
    """Somebody turns the same knobs in the middle of the next sweep."""

    POWER_CYCLE = "power_cycle"
    """The VNA is switched off and on: connections and settings are lost."""


WIRE_FAULTS = frozenset(
    {
        FaultKind.VNA_SILENT,
        FaultKind.DROP_MID_BLOCK,
        FaultKind.GARBAGE,
        FaultKind.DELAY,
        FaultKind.SPLIT_PACKETS,
        FaultKind.STALE_REPLY,
        FaultKind.SECOND_CLIENT_REFUSED,
        FaultKind.WRONG_LENGTH,
        FaultKind.WRONG_ENDIAN,
        FaultKind.NOT_A_NUMBER,
        FaultKind.MISSING_POINTS,
        FaultKind.REPEATED_TRACE,
        FaultKind.AVERAGES_SHORT,
        FaultKind.RF_OFF,
        FaultKind.REFERENCE_UNLOCKED,
        FaultKind.ERROR_ENTRY,
        FaultKind.FRONT_PANEL,
        FaultKind.FRONT_PANEL_IN_SWEEP,
        FaultKind.POWER_CYCLE,
    }
)
"""Faults of a VNA or its connection; the receiver behind it is well."""

COUNTED_FAULTS = frozenset(
    {
        FaultKind.DROP_MID_BLOCK,
        FaultKind.GARBAGE,
        FaultKind.STALE_REPLY,
        FaultKind.WRONG_LENGTH,
        FaultKind.WRONG_ENDIAN,
        FaultKind.NOT_A_NUMBER,
        FaultKind.MISSING_POINTS,
        FaultKind.REPEATED_TRACE,
        FaultKind.AVERAGES_SHORT,
        FaultKind.FRONT_PANEL_IN_SWEEP,
    }
)
"""Faults that hit so many replies or sweeps and are over; one unless told."""

EVENT_FAULTS = frozenset(
    {FaultKind.ERROR_ENTRY, FaultKind.FRONT_PANEL, FaultKind.POWER_CYCLE}
)
"""Faults that happen at once and leave nothing switched on."""

ARRAY_FAULTS = frozenset({FaultKind.FRIDGE_WARMING})
"""Faults that all cavities share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One injected fault, kept for ever: the ground truth.

    Attributes
    ----------
    kind
        What goes wrong.
    cavity
        Where; None for the whole array.
    severity
        Full severity, above 0 to 1.
    ramp_s
        Emulated seconds from nothing to the full severity, and back.
    onset_s, cleared_s
        Emulated seconds since the array started.
    injected_at, cleared_at
        The same moments as wall time.
    connector_index
        Number of the connector of a loose connector.
    delay_s
        Real seconds by which each reply is late.
    reply_count
        Replies or sweeps that a wire fault hits; None = all until it is cleared.
    """

    kind: FaultKind
    severity: float
    onset_s: float
    injected_at: datetime
    cavity: str | None = None
    ramp_s: float = 0.0
    connector_index: int | None = None
    delay_s: float = 0.0
    reply_count: int | None = None
    cleared_s: float | None = None
    cleared_at: datetime | None = None

    def level(self, at_s: float) -> float:
        """Return the severity at an emulated time in s."""
        if self.cleared_s is None or at_s < self.cleared_s:
            return self.severity * self._risen(at_s)
        reached = self._risen(self.cleared_s)
        return self.severity * max(0.0, reached - self._ramped(at_s - self.cleared_s))

    def _risen(self, at_s: float) -> float:
        return 0.0 if at_s < self.onset_s else self._ramped(at_s - self.onset_s)

    def _ramped(self, elapsed_s: float) -> float:
        return 1.0 if elapsed_s >= self.ramp_s else elapsed_s / self.ramp_s


class FaultRefusedError(ValueError):
    """A fault that cannot be injected or cleared; one sentence says why."""
