"""Tickets: what is settled stays settled, the oldest are forgotten."""

import threading

import pytest

from instruments.polling.tickets import Ticket, TicketOffice, TicketState, new_key


def ticket(key="k"):
    return Ticket(key=key, cavity="c", sweep_name="wide", expires_s=1.0, step="7")


@pytest.fixture
def office(clock):
    office = TicketOffice(clock)
    office.issue(ticket())
    return office


def test_ticket_tells_how_far_it_has_come(office):
    assert office.describe("k") == {
        "idempotency_key": "k",
        "cavity": "c",
        "sweep": "wide",
        "step": "7",
        "state": "queued",
    }
    office.enter(ticket(), TicketState.SWEEPING)
    assert office.describe("k")["state"] == "sweeping"
    assert office.describe("other") is None


def test_what_is_stored_never_fails_afterwards(office):
    office.enter(ticket(), TicketState.STORED)
    office.enter(ticket(), TicketState.FAILED, "too late")
    assert office.describe("k")["state"] == "stored"


def test_waiting_ends_when_all_are_settled(office):
    office.issue(ticket("l"))
    settle = threading.Timer(
        0.05, office.enter, (ticket("l"), TicketState.FAILED, "gone")
    )
    settle.start()
    office.enter(ticket(), TicketState.STORED)
    office.wait([ticket(), ticket("l")], 30.0)
    assert office.describe("l")["error"] == "gone"
    settle.join()


def test_only_the_newest_thousand_are_known(office):
    for number in range(1000):
        office.issue(ticket(str(number)))
    assert office.describe("k") is None
    office.wait([ticket()], 0.0)
    assert office.describe("0") is not None


def test_keys_of_later_sweeps_sort_behind_those_of_earlier_ones(clock):
    keys = []
    for _ in range(20):
        keys.append(new_key(clock))
        clock.step(0.001)
    assert keys == sorted(keys)
    assert len({new_key(clock) for _ in range(1000)}) == 1000
