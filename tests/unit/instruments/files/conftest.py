import numpy as np
import pytest

from instruments.files import LabelledArchive


@pytest.fixture
def archive() -> LabelledArchive:
    rng = np.random.default_rng(7)
    count, points = 6, 11
    s = rng.normal(size=(count, 2, points, 2)).astype(np.float32)
    samples = np.ascontiguousarray(s).view(np.complex64)[..., 0]
    samples[2, 1] = np.nan
    return LabelledArchive(
        frequency_hz=np.linspace(4e9, 8e9, points),
        s=samples,
        s_parameters=("S21", "S21:reflection"),
        cavity=np.array(["one", "one", "two", "two", "bad name!", "one"]),
        thermal_cycle=np.array(["a", "a", "b", "b", "", "a"]),
        measured_at=1.7e9 + np.arange(count, dtype=np.float64),
        is_reference=np.array([True, False, True, False, False, False]),
        temperature_k=np.array([4.0, np.nan, 5.0, 6.0, 7.0, 8.0]),
        condition=np.array(["healthy", "", "healthy", "odd", "", "healthy"]),
        labels={"rod_position": np.arange(count, dtype=np.float64)},
        units={"rod_position": "m"},
    )
