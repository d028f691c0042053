"""PyMeasure drives emulated E5062A and MS4644B."""

import pytest

CASES = {
    "e5062a": ("keysight_ena_e5062a", "e5062a", "socket", 1.0e9, 3.0e9),
    "e5062a-hislip": ("keysight_ena_e5062a", "e5062a", "hislip", 1.0e9, 3.0e9),
    "ms4644b": ("anritsu_vectorstar", "ms4644b", "socket"),
    "ms4644b-vxi11": ("anritsu_vectorstar", "ms4644b", "vxi11"),
}


@pytest.fixture(scope="module")
def measured(measure):
    return measure("pymeasure_instruments.py", CASES)


@pytest.mark.parametrize("vna", CASES)
def test_pymeasure_reads_the_physics(vna, measured):
    measured.check(vna)
    assert measured.errors(vna) == []
