"""What is known of a sweep beside its samples, as columns with their units."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from instruments.measurement.units import UNIT_FACTORS
from service.operations.exporting.selection import ExportedSweep
from service.storage.labels import LabelValue

_UNITS = {suffix: next(iter(names)) for suffix, names in UNIT_FACTORS.items()}

TEXT, NUMBER, COUNT, TRUTH, TEXTS = "text", "number", "count", "truth", "texts"

KINDS: Mapping[str, str] = {
    "sweep_id": TEXT,
    "cavity": TEXT,
    "purpose": TEXT,
    "measured_at": NUMBER,
    "received_at": NUMBER,
    "is_reference": TRUTH,
    "thermal_cycle": TEXT,
    "run": TEXT,
    "step": TEXT,
    "route": TEXT,
    "idempotency_key": TEXT,
    "flags": TEXTS,
    "if_bandwidth_hz": NUMBER,
    "source_power_dbm": NUMBER,
    "averaging_count": COUNT,
    "sweep_time_s": NUMBER,
    "instrument_vendor": TEXT,
    "instrument_model": TEXT,
    "instrument_serial": TEXT,
    "instrument_firmware": TEXT,
    "instrument_calibration": TEXT,
    "model_version": TEXT,
    "diagnosed_condition": TEXT,
    "diagnosed_condition_probability": NUMBER,
    "diagnosed_component": TEXT,
    "diagnosed_temperature_k": NUMBER,
    "diagnosed_temperature_p05_k": NUMBER,
    "diagnosed_temperature_p95_k": NUMBER,
    "diagnosed_magnetic_field_tesla": NUMBER,
    "diagnosed_magnetic_field_p05_tesla": NUMBER,
    "diagnosed_magnetic_field_p95_tesla": NUMBER,
    "resonant_frequency_hz": NUMBER,
    "resonant_frequency_sigma_hz": NUMBER,
    "loaded_q": NUMBER,
    "loaded_q_sigma": NUMBER,
    "coupling_beta": NUMBER,
    "coupling_beta_sigma": NUMBER,
    "condition": TEXT,
    "component": TEXT,
    "temperature_k": NUMBER,
    "magnetic_field_tesla": NUMBER,
}
"""Every column but the samples, and what it holds; what is unknown is None.

The last four are what people called the sweep, as in a labelled archive.

Times are seconds since 1970, UTC, as in a labelled archive.
"""

LABELS = ("condition", "component", "temperature_k", "magnetic_field_tesla")
"""Names of people's labels that every sweep has a column for."""

_NAMES = ("run", "step", "route", "idempotency_key")
_SETTINGS = ("if_bandwidth_hz", "source_power_dbm", "averaging_count", "sweep_time_s")
_INSTRUMENT = ("vendor", "model", "serial", "firmware", "calibration")
_RESONANCE = (
    *("resonant_frequency_hz", "resonant_frequency_sigma_hz", "loaded_q"),
    *("loaded_q_sigma", "coupling_beta", "coupling_beta_sigma"),
)


def unit_of(name: str) -> str:
    """Return the SI unit that a name's suffix stands for, "" where it has none."""
    if name in ("measured_at", "received_at"):
        return "s"
    matching = [suffix for suffix in _UNITS if name.endswith(suffix)]
    return _UNITS[max(matching, key=len)] if matching else ""


def describe(item: ExportedSweep) -> dict[str, Any]:
    """Return column to value for one sweep."""
    record, details = item.record, item.record.details
    values: dict[str, Any] = {
        "sweep_id": record.sweep_id,
        "cavity": record.cavity,
        "purpose": record.purpose.value,
        "measured_at": record.measured_at.timestamp(),
        "received_at": record.received_at.timestamp(),
        "is_reference": record.is_reference,
        "thermal_cycle": record.thermal_cycle,
        "flags": [flag.value for flag in record.flags],
    }
    values |= {name: details.get(name) for name in _NAMES}
    settings = details.get("settings", {})
    values |= {name: settings.get(name) for name in _SETTINGS}
    instrument = details.get("instrument", {})
    values |= {f"instrument_{name}": instrument.get(name) for name in _INSTRUMENT}
    diagnosis = {} if item.diagnosis is None else dict(item.diagnosis.record)
    version = None if item.diagnosis is None else item.diagnosis.model_version
    values |= {name: item.labels.get(name) for name in LABELS}
    return values | {"model_version": version} | _concluded(diagnosis)


def further_labels(item: ExportedSweep) -> dict[str, LabelValue]:
    """Return what people called a sweep by other names than the usual four."""
    return {k: v for k, v in sorted(item.labels.items()) if k not in LABELS}


def condition_names(items: Sequence[ExportedSweep]) -> list[str]:
    """Name every reading that travelled with one of the sweeps, in order."""
    return sorted({name for item in items for name in item.sweep.conditions})


def trace_names(items: Sequence[ExportedSweep]) -> list[str]:
    """Name every trace of one of the sweeps, in order."""
    return sorted({name for item in items for name in item.sweep.traces})


def _concluded(diagnosis: Mapping[str, Any]) -> dict[str, Any]:
    condition = diagnosis.get("condition") or {}
    component = diagnosis.get("component") or {}
    resonance = diagnosis.get("resonance") or {}
    return {
        "diagnosed_condition": condition.get("label") or None,
        "diagnosed_condition_probability": condition.get("probability"),
        "diagnosed_component": component.get("label") or None,
        **dict(_estimate(diagnosis, "temperature", "k")),
        **dict(_estimate(diagnosis, "magnetic_field", "tesla")),
        **{name: resonance.get(name) for name in _RESONANCE},
    }


def _estimate(
    diagnosis: Mapping[str, Any], name: str, unit: str
) -> Iterator[tuple[str, Any]]:
    estimate = diagnosis.get(f"{name}_{unit}") or {}
    yield f"diagnosed_{name}_{unit}", estimate.get("median")
    for quantile in ("p05", "p95"):
        yield f"diagnosed_{name}_{quantile}_{unit}", estimate.get(quantile)
