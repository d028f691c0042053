"""Charts over the sweeps of a cavity that find what no single sweep shows."""

from models.monitoring.charts import (
    Baseline,
    ChartState,
    Limits,
    baseline_of,
    is_back,
    is_out,
    normal_score,
    step,
)
from models.monitoring.limits import count_alarms, draw_limits

__all__ = [
    "Baseline",
    "ChartState",
    "Limits",
    "baseline_of",
    "count_alarms",
    "draw_limits",
    "is_back",
    "is_out",
    "normal_score",
    "step",
]
