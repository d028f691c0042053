"""Sweeps and a judge that every room of the service can use."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from instruments.measurement import Sweep, SweepPurpose

MEASURED_AT = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)


@pytest.fixture
def make_sweep() -> Callable[..., Sweep]:
    def make(seed: int = 0, points: int = 101, **changes) -> Sweep:
        rng = np.random.default_rng(seed)
        fields = {
            "cavity": "cavity-1",
            "measured_at": MEASURED_AT,
            "purpose": SweepPurpose.WIDE,
            "frequency_hz": np.linspace(4e9, 8e9, points),
            "traces": {
                name: (
                    rng.standard_normal(points) + 1j * rng.standard_normal(points)
                ).astype(np.complex64)
                for name in ("S21", "S11")
            },
        }
        return Sweep(**{**fields, **changes})

    return make
