"""QCoDeS drives emulated PNA (N5245A driver), ZNB20 and M5180."""

import pytest

CASES = {
    "pna": ("keysight_pna", "pna", "socket"),
    "znb": ("rohde_schwarz", "znb", "hislip"),
    "znb-vxi11": ("rohde_schwarz", "znb", "vxi11"),
    "m5180": ("copper_mountain", "m5180", "socket"),
}


@pytest.fixture(scope="module")
def measured(measure):
    return measure("qcodes_drivers.py", CASES)


@pytest.mark.parametrize("vna", CASES)
def test_qcodes_reads_the_physics(vna, measured):
    measured.check(vna)


def test_the_emulated_pna_and_znb_understand_every_command(measured):
    assert [measured.errors(vna) for vna in ("pna", "znb", "znb-vxi11")] == [[], [], []]


def test_initiating_a_continuous_channel_is_ignored_as_the_manual_says(measured):
    """The M5180 driver sends INIT while the channel is continuous, and goes on."""
    assert {number for number, _ in measured.errors("m5180")} == {-213}
