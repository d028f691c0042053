"""Sweeps leave the spool in order, when the service has them, and only then."""

import time
from itertools import count, islice

import pytest

from instruments.client import Backoff, Spool, SweepClient, Uploader
from instruments.clock import SystemClock

CLOCK = SystemClock()


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool", max_bytes=10_000_000, clock=CLOCK)
    yield spool
    spool.close()


@pytest.fixture
def start_uploader(spool):
    started = []

    def start(url, **options):
        client = SweepClient(url, timeout_s=30.0)
        backoff = Backoff(first_s=0.05, longest_s=0.2)
        uploader = Uploader(spool, client, clock=CLOCK, backoff=backoff, **options)
        uploader.start()
        started.append((uploader, client))
        return uploader

    yield start
    for uploader, client in started:
        uploader.stop(0.0)
        client.close()


def wait_until(condition, timeout_s=40.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        CLOCK.sleep(0.005)


def test_sweep_is_posted_within_tens_of_milliseconds(
    spool, service, start_uploader, make_sweep, some_try_within
):
    start_uploader(service.url)
    spool.put(make_sweep(0))
    wait_until(lambda: service.stored)
    numbers = count(1)

    def median_delay_s():
        delays_s = []
        for number in islice(numbers, 10):
            began = time.monotonic()
            spool.put(make_sweep(number))
            wait_until(lambda least=number: len(service.posted_at_s) > least)
            delays_s.append(service.posted_at_s[-1] - began)
        return sorted(delays_s)[5]

    some_try_within(0.1, median_delay_s)


def test_order_is_kept_and_everything_confirmed(
    spool, service, start_uploader, make_sweep
):
    sweeps = [make_sweep(number) for number in range(150)]
    for sweep in sweeps:
        spool.put(sweep)
    uploader = start_uploader(service.url)
    assert uploader.stop(60.0)
    assert list(service.stored.values()) == sweeps
    state = spool.state()
    assert (state.enqueued_total, state.confirmed_total, state.depth) == (150, 150, 0)


def test_dead_service_keeps_everything_and_drains_afterwards(
    spool, start_service, start_uploader, make_sweep, free_port
):
    uploader = start_uploader(f"http://127.0.0.1:{free_port}")
    for number in range(5):
        spool.put(make_sweep(number))
    wait_until(lambda: uploader.last_error)
    assert spool.state().depth == 5
    service = start_service(free_port)
    wait_until(lambda: spool.state().depth == 0)
    assert len(service.stored) == 5
    assert uploader.last_error is None


def test_answer_that_got_lost_makes_no_second_sweep(
    spool, service, start_uploader, make_sweep
):
    spool.put(make_sweep(0))
    batch = spool.next_batch()
    with SweepClient(service.url) as client:
        client.post_messages([sweep.message for sweep in batch])
    start_uploader(service.url)
    wait_until(lambda: spool.state().depth == 0)
    assert len(service.stored) == 1
    assert spool.state().confirmed_total == 1


def test_rejected_sweep_goes_to_the_dead_letters_and_holds_nobody_up(
    spool, service, start_uploader, make_sweep
):
    service.refused["bad"] = "traces.S21: holds NaN"
    for number in range(6):
        spool.put(make_sweep(number, "bad" if number == 2 else "cavity-1"))
    start_uploader(service.url)
    wait_until(lambda: spool.state().depth == 0)
    assert len(service.stored) == 5
    state = spool.state()
    assert (state.confirmed_total, state.rejected_total) == (5, 1)
    reason = spool.dead_letters()[0].reason
    assert reason == "traces.S21: holds NaN"


def test_body_that_is_refused_whole_is_halved_until_the_bad_sweep_stands_alone(
    spool, service, start_uploader, make_sweep
):
    real = service._answer

    def answer(method, path, body):
        if b"bad" in body:
            return 400, {"title": "bad body"}
        return real(method, path, body)

    service._answer = answer
    for number in range(9):
        spool.put(make_sweep(number, "bad" if number == 4 else "cavity-1"))
    start_uploader(service.url)
    wait_until(lambda: spool.state().depth == 0)
    assert len(service.stored) == 8
    assert spool.state().rejected_total == 1


@pytest.mark.parametrize("status", [429, 503])
def test_busy_service_is_asked_again_not_before_it_said(
    spool, service, start_uploader, make_sweep, status
):
    service.script = [(status, {"Retry-After": "0.5"}, {"title": "busy"})]
    began = time.monotonic()
    for number in range(3):
        spool.put(make_sweep(number))
    start_uploader(service.url)
    wait_until(lambda: spool.state().depth == 0)
    assert service.posted_at_s[-1] - began >= 0.5
    assert spool.state().confirmed_total == 3


@pytest.mark.parametrize("is_at_once", [True, False])
def test_unregistered_cavity_is_registered_and_posted_again(
    spool, service, start_uploader, make_sweep, caplog, is_at_once
):
    service.refused["cavity-1"] = "unregistered_cavity"
    calls = []

    def register(cavities):
        calls.append(set(cavities))
        service.refused.clear()
        return is_at_once

    spool.put(make_sweep(0))
    uploader = start_uploader(service.url, on_unregistered=register)
    wait_until(lambda: service.stored)
    assert calls == [{"cavity-1"}]
    assert spool.state().rejected_total == 0
    wait_until(lambda: uploader.last_error is None)
    assert ("unregistered_cavity" in caplog.text) is not is_at_once


def test_cavity_that_nobody_registers_is_no_retry_loop(
    spool, service, start_uploader, make_sweep
):
    service.refused["gone"] = "unregistered_cavity"
    calls = []
    spool.put(make_sweep(0, "gone"))
    spool.put(make_sweep(1))
    start_uploader(service.url, on_unregistered=calls.append)
    wait_until(lambda: spool.state().depth == 0)
    assert len(calls) == 3
    assert spool.state().rejected_total == 1
    assert len(service.stored) == 1


def test_sweeps_that_one_clock_calls_future_wait_until_the_clocks_agree(
    spool, service, start_uploader, make_sweep
):
    service.refused["cavity-1"] = "measured_ahead"
    for number in range(5):
        spool.put(make_sweep(number))
    uploader = start_uploader(service.url)
    wait_until(lambda: uploader.last_error is not None)
    assert not service.stored
    assert spool.state().depth == 5
    service.refused.clear()
    wait_until(lambda: spool.state().depth == 0)
    assert len(service.stored) == 5
    assert spool.state().rejected_total == 0


def test_stop_gives_up_at_its_deadline(
    spool, start_uploader, make_sweep, free_port, some_try_within
):
    spool.put(make_sweep(0))

    def start_and_stop():
        uploader = start_uploader(f"http://127.0.0.1:{free_port}")
        began = time.monotonic()
        assert not uploader.stop(0.5)
        return time.monotonic() - began

    some_try_within(3.0, start_and_stop)
    assert spool.state().depth == 1
