"""A precise fit as JSON."""

from dataclasses import asdict
from typing import Any

from models.twin.precise_estimate import Interval, PreciseEstimate


def estimate_document(estimate: PreciseEstimate) -> dict[str, Any]:
    """Return an estimate as what JSON can hold; a misfit holds no number of T and B."""
    return {
        "state": estimate.state.value,
        "reason": estimate.reason,
        "temperature_k": _interval(estimate.temperature_k),
        "magnetic_field_tesla": _interval(estimate.magnetic_field_tesla),
        "correlation_ratio": estimate.correlation_ratio,
        "other_modes": [asdict(one) for one in estimate.other_modes],
        "quality": {
            "chi_square_ratio": estimate.quality.chi_square_ratio,
            "by_trace": estimate.quality.by_trace,
            "departure_ratio": estimate.quality.departure_ratio,
            "worst": {
                name: value
                for name, value in asdict(estimate.quality.worst).items()
                if name != "sweep_index"
            },
        },
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return asdict(interval) | {"state": interval.state.value}
