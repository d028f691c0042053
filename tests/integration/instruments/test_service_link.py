"""Cavities get registered whenever the service comes; readings wait in bounds."""

import time

import pytest

from instruments.array import ArrayConfig
from instruments.client import SweepClient
from instruments.clock import SystemClock
from instruments.measurement import Reading
from instruments.polling import ModePosition, ResonanceTracker
from instruments.polling.reading_poster import ReadingPoster
from instruments.polling.service_link import ServiceLink

CLOCK = SystemClock()


def wait_until(condition, timeout_s=40.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        CLOCK.sleep(0.005)


@pytest.fixture
def config(array_of):
    return ArrayConfig.model_validate(array_of(2, "hislip"))


@pytest.fixture
def start_link(config):
    started = []

    def start(url, **options):
        expected = ModePosition(resonant_frequency_hz=5.1e9, loaded_q=8000.0)
        tracker = ResonanceTracker(
            dict.fromkeys(config.cavities, expected), clock=CLOCK
        )
        client = SweepClient(url, timeout_s=30.0)
        link = ServiceLink(
            config, client, tracker, **({"follow_period_s": 0.05} | options)
        )
        link.start()
        started.append((link, client))
        return link, tracker

    yield start
    for link, client in started:
        link.stop(5.0)
        client.close()


def test_service_that_comes_late_gets_every_cavity(
    start_service, start_link, free_port
):
    registered = []
    url = f"http://127.0.0.1:{free_port}"
    link, _ = start_link(url, on_registered=lambda: registered.append(1))
    wait_until(lambda: link.last_error)
    assert not registered
    service = start_service(free_port)
    wait_until(lambda: registered)
    assert service.cavities.keys() == {"cavity-1", "cavity-2"}
    wait_until(lambda: link.last_error is None)


def test_service_that_forgot_a_cavity_is_told_again(service, start_link):
    start_link(service.url, on_registered=lambda: None)
    wait_until(lambda: len(service.cavities) == 2)
    service.cavities.clear()
    wait_until(lambda: len(service.cavities) == 2)


def test_link_ends_at_once_while_it_waits(service, start_link, some_try_within):
    def start_and_stop():
        registered = []
        link, _ = start_link(
            service.url,
            on_registered=lambda: registered.append(1),
            follow_period_s=30.0,
        )
        wait_until(lambda: registered)
        began = time.monotonic()
        link.stop(5.0)
        return time.monotonic() - began

    some_try_within(1.0, start_and_stop)


def reading(number):
    return Reading(name="t_k", value=float(number), measured_at=CLOCK.now())


def values(service):
    return [one["value"] for one in service.readings]


def test_readings_wait_for_the_service_and_keep_their_order(service):
    service.script = [(503, {}, {}), (503, {}, {})]
    with SweepClient(service.url) as client:
        poster = ReadingPoster(client)
        poster.start()
        for number in range(5):
            poster.add(reading(number))
        wait_until(lambda: len(service.readings) == 5)
        poster.stop(60.0)
    assert values(service) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (poster.posted_count, poster.dropped_count) == (5, 0)


def test_oldest_readings_are_dropped_and_counted(service):
    with SweepClient(service.url) as client:
        poster = ReadingPoster(client, max_waiting=3)
        for number in range(10):
            poster.add(reading(number))
        poster.start()
        wait_until(lambda: len(service.readings) == 3)
        poster.stop(60.0)
    assert values(service) == [7.0, 8.0, 9.0]
    assert poster.dropped_count == 7


def test_refused_readings_are_dropped_and_hold_nobody_up(service):
    service.script = [(422, {}, {"detail": "name: is odd"})]
    with SweepClient(service.url) as client:
        poster = ReadingPoster(client)
        poster.add(reading(0))
        poster.start()
        wait_until(lambda: poster.dropped_count == 1)
        poster.add(reading(1))
        wait_until(lambda: service.readings)
        poster.stop(60.0)
    assert values(service) == [1.0]


def test_readings_of_a_dead_service_stay_within_bounds(free_port, some_try_within):
    def fill_and_stop():
        with SweepClient(f"http://127.0.0.1:{free_port}") as client:
            poster = ReadingPoster(client, max_waiting=4)
            poster.start()
            for number in range(50):
                poster.add(reading(number))
                CLOCK.sleep(0.002)
            began = time.monotonic()
            poster.stop(2.0)
            took_s = time.monotonic() - began
        assert len(poster._waiting) <= 4
        assert poster.dropped_count >= 46
        return took_s

    some_try_within(2.5, fill_and_stop)
