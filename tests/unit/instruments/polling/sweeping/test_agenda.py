"""Demands first, then by deadline; nothing piles up, nothing starves."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.polling.sweeping.agenda import MAX_DEMANDS, Agenda, AgendaFullError
from instruments.polling.sweeping.schedule import Rhythm
from instruments.polling.tickets import Ticket


def agenda_of(start_s=0.0, **rhythms):
    keys = {
        tuple(name.split("_", 1)): rhythm
        if isinstance(rhythm, Rhythm)
        else Rhythm(period_s=rhythm[0], phase_s=rhythm[1])
        for name, rhythm in rhythms.items()
    }
    return Agenda(keys, start_s=start_s)


def taken(agenda, now_s):
    turn = agenda.take(now_s)
    return None if turn is None else (turn.cavity, turn.sweep_name)


def test_sweeps_are_due_on_their_grids():
    agenda = agenda_of(start_s=100.0, a_wide=(60.0, 0.0), a_narrow=(20.0, 5.0))
    assert agenda.take(99.0) is None
    assert taken(agenda, 100.0) == ("a", "wide")
    assert agenda.take(100.0) is None
    assert agenda.next_due_s() == 105.0
    assert taken(agenda, 105.0) == ("a", "narrow")
    assert agenda.next_due_s() == 125.0


def test_late_sweep_is_taken_once_and_the_rest_skipped():
    agenda = agenda_of(a_wide=(10.0, 0.0))
    assert agenda.take(0.0).lateness_s == 0.0
    turn = agenda.take(47.0)
    assert agenda.skipped_count == 3
    assert turn.lateness_s == 7.0
    assert turn.is_late
    assert agenda.take(47.0) is None
    assert agenda.next_due_s() == 50.0
    assert not agenda.take(50.9).is_late


def test_earliest_deadline_comes_first_then_the_higher_priority():
    agenda = agenda_of(
        a_wide=(60.0, 0.0),
        a_narrow=(5.0, 0.0),
        b_narrow=Rhythm(period_s=5.0, priority=1),
    )
    assert [taken(agenda, 1.0) for _ in range(4)] == [
        ("b", "narrow"),
        ("a", "narrow"),
        ("a", "wide"),
        None,
    ]


def test_sweep_that_was_given_back_comes_before_all_scheduled_ones():
    agenda = agenda_of(a_wide=(60.0, 0.0), a_narrow=(5.0, 0.0))
    assert taken(agenda, 0.0) == ("a", "narrow")
    wide = agenda.take(0.0)
    agenda.give_back(wide, 3.0, is_failure=True)
    again = agenda.take(6.0)
    assert (again.sweep_name, again.is_retry, again.lateness_s) == ("wide", True, 6.0)
    assert agenda.skipped_count == 0
    assert taken(agenda, 6.0) == ("a", "narrow")
    assert agenda.next_due_s() == 10.0


def test_interruption_is_no_failure():
    agenda = agenda_of(a_wide=(60.0, 0.0))
    agenda.give_back(agenda.take(0.0), 1.0)
    assert not agenda.take(1.0).is_retry


def ticket(number=0, cavity="a"):
    return Ticket(key=str(number), cavity=cavity, sweep_name="wide", expires_s=9.0)


def test_demands_come_first_in_their_order_and_again_when_given_back():
    agenda = agenda_of(a_wide=(60.0, 0.0))
    agenda.demand(ticket(1))
    agenda.demand(ticket(2))
    assert agenda.next_due_s() == -math.inf
    first = agenda.take(0.0)
    agenda.give_back(first, 0.0, is_failure=True)
    assert agenda.demands() == (ticket(1), ticket(2))
    assert agenda.take(0.0).is_retry
    agenda.drop([ticket(2)])
    assert agenda.take(0.0).ticket is None


def test_demands_are_bounded():
    agenda = agenda_of()
    for number in range(MAX_DEMANDS):
        agenda.demand(ticket(number))
    with pytest.raises(AgendaFullError, match="ask again later"):
        agenda.demand(ticket(-1))


def test_paused_cavity_owes_nothing_but_demands():
    agenda = agenda_of(a_wide=(10.0, 0.0), b_wide=(10.0, 5.0))
    agenda.pause(["a"])
    agenda.demand(ticket())
    assert agenda.take(0.0).ticket == ticket()
    assert agenda.next_due_s() == 5.0
    assert taken(agenda, 50.0) == ("b", "wide")
    agenda.resume(["a"], 57.0)
    assert agenda.paused == frozenset()
    assert taken(agenda, 57.0) == ("b", "wide")
    assert agenda.skipped_count == 4
    assert agenda.take(59.0) is None
    turn = agenda.take(60.0)
    assert (turn.cavity, turn.lateness_s) == ("a", 0.0)


def test_empty_agenda_is_never_due():
    agenda = agenda_of()
    assert agenda.next_due_s() == math.inf
    assert agenda.take(1e9) is None


@given(
    periods_s=st.lists(
        st.floats(min_value=1.0, max_value=100.0), min_size=1, max_size=6
    ),
    sweep_s=st.floats(min_value=0.1, max_value=30.0),
)
def test_overload_starves_no_sweep(periods_s, sweep_s):
    agenda = Agenda(
        {
            (f"cavity-{number}", "wide"): Rhythm(period_s=period_s)
            for number, period_s in enumerate(periods_s)
        },
        start_s=0.0,
    )
    last_s = {f"cavity-{number}": 0.0 for number in range(len(periods_s))}
    now_s = 0.0
    longest_s = 2.0 * max(periods_s) + sweep_s * (len(periods_s) + 1) * 2
    for _ in range(300):
        turn = agenda.take(now_s)
        if turn is None:
            now_s = agenda.next_due_s()
            continue
        assert now_s - last_s[turn.cavity] <= longest_s
        assert turn.lateness_s >= 0.0
        last_s[turn.cavity] = now_s
        now_s += sweep_s
    assert all(now_s - at_s <= longest_s for at_s in last_s.values())


@given(
    period_s=st.floats(min_value=0.1, max_value=100.0),
    delays_s=st.lists(st.floats(min_value=0.0, max_value=500.0), max_size=30),
)
def test_taken_and_skipped_are_all_times_that_have_passed(period_s, delays_s):
    agenda = Agenda({("a", "wide"): Rhythm(period_s=period_s)}, start_s=0.0)
    now_s, taken_count = 0.0, 0
    for delay_s in delays_s:
        now_s += delay_s
        taken_count += agenda.take(now_s) is not None
        assert agenda.next_due_s() > now_s
    passed = sum(1 for _ in iter_times(period_s, now_s)) if delays_s else 0
    assert taken_count + agenda.skipped_count == passed


def iter_times(period_s, now_s):
    index = 0
    while index * period_s <= now_s:
        yield index
        index += 1
