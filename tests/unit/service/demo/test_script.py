"""The script plays what can still be noticed."""

from service.demo.script import PERIOD_S, SCRIPT, playable


def test_every_fault_is_played_when_there_is_time() -> None:
    assert playable(SCRIPT, PERIOD_S) == SCRIPT


def test_a_fault_that_nobody_could_notice_in_time_is_left_out() -> None:
    first = min(fault.at_s + fault.notice_s for fault in SCRIPT)
    assert len(playable(SCRIPT, first)) == 1
    assert playable(SCRIPT, first - 1.0) == ()


def test_every_fault_ends_before_the_script_starts_again() -> None:
    assert all(fault.at_s < fault.clear_at_s < PERIOD_S for fault in SCRIPT)
    assert [fault.at_s for fault in SCRIPT] == sorted(fault.at_s for fault in SCRIPT)
