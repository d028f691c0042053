"""RsInstrument drives an emulated ZNB through its own sockets and through VISA."""

import pytest

CASES = {
    "znb": ("rohde_schwarz", "znb", "socket"),
    "znb-hislip": ("rohde_schwarz", "znb-visa", "hislip"),
    "znb-vxi11": ("rohde_schwarz", "znb-visa", "vxi11"),
}


@pytest.fixture(scope="module")
def measured(measure):
    return measure("rs_instrument.py", CASES)


@pytest.mark.parametrize("vna", CASES)
def test_rs_instrument_reads_the_physics(vna, measured):
    measured.check(vna)
    assert measured.errors(vna) == []
