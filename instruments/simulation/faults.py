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


WIRE_FAULTS = frozenset(
    {
        FaultKind.VNA_SILENT,
        FaultKind.DROP_MID_BLOCK,
        FaultKind.GARBAGE,
        FaultKind.DELAY,
    }
)
"""Faults of a VNA's connection; the receiver behind it is well."""

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
        Replies that a wire fault hits; None = all until it is cleared.
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
