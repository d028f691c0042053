"""Sweeps by number."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from instruments.measurement import Sweep, SweepPurpose


@pytest.fixture
def make_sweep():
    def make(number=0, point_count=3):
        return Sweep(
            cavity="cavity-1",
            measured_at=datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
            + timedelta(seconds=number),
            purpose=SweepPurpose.WIDE,
            frequency_hz=np.linspace(4e9, 8e9, point_count),
            traces={"S21": np.full(point_count, number + 1j, np.complex64)},
        )

    return make
