"""What a sweep must show before others are compared with it. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from instruments.measurement import SweepPurpose
from instruments.measurement.flags import DATA_CORRUPTING
from models.diagnosis import UNKNOWN, Diagnosis, EstimateState
from models.preprocessing.integrity import FOREIGN_TRACES, NO_TRACE, OUTSIDE_BAND
from service.alerts.rules import HEALTHY
from service.storage.records import SweepRecord
from service.storage.reference_search import settings_difference

_UNREAD = (OUTSIDE_BAND, FOREIGN_TRACES)

LEAST_SPAN_SHARE = 0.9
"""Share of the span of the cavity's other sweeps that a reference should cover."""


@dataclass(frozen=True, slots=True)
class Check:
    """One look at a would-be reference.

    Attributes
    ----------
    is_met
        None where it could not be told, or where it only limits what the reference
        serves for.
    """

    name: str
    is_met: bool | None
    detail: str

    def to_record(self) -> dict[str, Any]:
        """Write JSON-ready."""
        return asdict(self)


def check_reference(
    sweep: SweepRecord, diagnosis: Diagnosis, neighbour: SweepRecord | None
) -> list[Check]:
    """Look at a sweep that somebody calls a reference.

    Parameters
    ----------
    diagnosis
        What the live model says of it, against the reference before it.
    neighbour
        Another wide sweep of the cavity, if there is one.
    """
    return [
        _purpose(sweep),
        _samples(sweep, diagnosis),
        _health(diagnosis),
        _band(sweep, diagnosis, neighbour),
        _settings(sweep, neighbour),
        _traces(diagnosis),
    ]


def refusals(checks: Sequence[Check]) -> list[Check]:
    """Return the checks that speak against it."""
    return [check for check in checks if check.is_met is False]


def _purpose(sweep: SweepRecord) -> Check:
    is_wide = sweep.purpose is SweepPurpose.WIDE
    return Check("purpose", is_wide, f"it is a {sweep.purpose.value} sweep")


def _samples(sweep: SweepRecord, diagnosis: Diagnosis) -> Check:
    void = [flag.value for flag in sweep.flags if flag in DATA_CORRUPTING]
    bad = void or [flag for flag in diagnosis.integrity if flag not in _UNREAD]
    if void or NO_TRACE in diagnosis.integrity:
        return Check("samples", False, f"its samples are void ({', '.join(bad)})")
    return Check("samples", True, "its samples are sound")


def _health(diagnosis: Diagnosis) -> Check:
    condition = diagnosis.condition
    if condition.state is not EstimateState.ESTIMATED:
        return Check("health", None, "nothing to judge its health by")
    share = "" if condition.probability is None else f", {condition.probability:.2f}"
    against = "the reference before it" if diagnosis.reference_sweep else "nothing"
    detail = f"judged {condition.label}{share} against {against}"
    if condition.label == UNKNOWN:
        detail = f"unlike anything trained, against {against}"
    return Check("health", condition.label == HEALTHY, detail)


def _band(
    sweep: SweepRecord, diagnosis: Diagnosis, neighbour: SweepRecord | None
) -> Check:
    if OUTSIDE_BAND in diagnosis.integrity:
        return Check("bandwidth", False, "it does not cover the band of the model")
    if neighbour is None:
        return Check("bandwidth", True, "it covers the band of the model")
    wanted_hz = neighbour.stop_frequency_hz - neighbour.start_frequency_hz
    low_hz = max(sweep.start_frequency_hz, neighbour.start_frequency_hz)
    high_hz = min(sweep.stop_frequency_hz, neighbour.stop_frequency_hz)
    share = max(high_hz - low_hz, 0.0) / wanted_hz
    if share < LEAST_SPAN_SHARE:
        detail = f"it covers {share:.0%} of the span of the cavity's last wide sweep"
        return Check("bandwidth", False, detail)
    return Check("bandwidth", True, "it covers the span of the cavity's wide sweeps")


def _settings(sweep: SweepRecord, neighbour: SweepRecord | None) -> Check:
    if neighbour is None:
        return Check("settings", None, "there is no other wide sweep yet")
    found = settings_difference(sweep, neighbour)
    if found is None and sweep.axis_hash != neighbour.axis_hash:
        found = "another axis"
    if found is None:
        return Check("settings", True, "those of the cavity's last wide sweep")
    return Check(
        "settings",
        None,
        f"others than in the cavity's last wide sweep ({found}): it serves sweeps like "
        "itself only",
    )


def _traces(diagnosis: Diagnosis) -> Check:
    if FOREIGN_TRACES in diagnosis.integrity:
        detail = diagnosis.remark or "the model reads none of its traces"
        return Check("traces", False, detail)
    return Check("traces", True, "the model reads them, or there is none")
