"""A good sweep, and hypothesis strategies for any other."""

from datetime import UTC, datetime

import numpy as np
import pytest

from instruments.measurement import (
    InstrumentIdentity,
    Sweep,
    SweepPurpose,
    SweepSettings,
)


@pytest.fixture
def sweep() -> Sweep:
    frequency_hz = np.linspace(4e9, 8e9, 5)
    s21 = np.array([1 + 1j, 0.5, -0.25j, 0.125, 1e-3], dtype=np.complex64)
    return Sweep(
        cavity="cavity-1",
        measured_at=datetime(2026, 1, 31, 3, tzinfo=UTC),
        purpose=SweepPurpose.WIDE,
        frequency_hz=frequency_hz,
        traces={"S21": s21, "S21:reflection": s21 * 2},
        is_reference=True,
        thermal_cycle="2026-01",
        run="7",
        settings=SweepSettings(if_bandwidth_hz=1e3, averaging_count=4),
        instrument=InstrumentIdentity(vendor="Keysight", serial="MY1"),
        conditions={"temperature_k": 4.2},
    )
