"""scikit-rf's ``skrf.vi`` drives emulated PNA, ZVA, ZNA and Cobalt."""

import pytest

CASES = {
    "pna": ("keysight_pna", "pna", "socket"),
    "pna-hislip": ("keysight_pna", "pna", "hislip"),
    "measurement": ("keysight_measurement", "pna", "socket"),
    "zva": ("rohde_schwarz_zva", "zva", "socket"),
    "zna": ("rohde_schwarz_zna", "zna", "vxi11"),
    "cobalt": ("copper_mountain_cobalt", "cobalt", "hislip"),
    "cobalt-text": ("copper_mountain_cobalt", "cobalt", "socket"),
}


@pytest.fixture(scope="module")
def measured(measure):
    return measure("scikit_rf.py", CASES)


@pytest.mark.parametrize("vna", CASES)
def test_scikit_rf_reads_the_physics(vna, measured):
    measured.check(vna)
    assert measured.errors(vna) == []


def test_the_matrix_of_two_ports_is_read_row_by_row(measured):
    """scikit-rf 2.2 takes SNP columns as S11, S12, S21, S22 (older ones did not)."""
    readings = measured.readings("pna")
    forward, backward = readings["S21"], readings["S12"]
    assert max(map(abs, forward["real"])) > 1e3 * max(map(abs, backward["real"]))
