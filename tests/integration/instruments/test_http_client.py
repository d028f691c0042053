"""The client tells what is worth another try from what never will be taken."""

import socket

import pytest

from instruments.client import RejectedError, SweepClient, TryAgainError
from instruments.clock import SystemClock
from instruments.measurement import Reading


@pytest.fixture
def client(service):
    with SweepClient(service.url, timeout_s=30.0) as client:
        yield client


def test_posted_sweeps_arrive_whole_and_twice_is_a_duplicate(
    service, client, make_sweep
):
    sweeps = [make_sweep(0), make_sweep(1)]
    assert [result.status for result in client.post_sweeps(sweeps)] == ["accepted"] * 2
    assert list(service.stored.values()) == sweeps
    (again,) = client.post_sweeps(sweeps[:1])
    assert again.status == "duplicate"
    assert again.is_stored
    assert again.sweep_id is not None


def test_result_of_each_sweep_is_its_own(service, client, make_sweep):
    service.refused["cavity-2"] = "cavity 'cavity-2' is odd"
    first, second = client.post_sweeps([make_sweep(0), make_sweep(1, "cavity-2")])
    assert first.is_stored
    assert (second.status, second.error) == ("rejected", "cavity 'cavity-2' is odd")
    (alone,) = client.post_sweeps([make_sweep(2, "cavity-2")])
    assert not alone.is_stored


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_refused_body_is_rejected_with_its_reason(service, client, make_sweep, status):
    service.script = [(status, {}, {"title": "no", "detail": "traces.S21: no"})]
    with pytest.raises(RejectedError, match=r"traces\.S21: no") as caught:
        client.post_sweeps([make_sweep()])
    assert caught.value.status == status


@pytest.mark.parametrize("status", [401, 403, 404, 405, 408, 429, 500, 502, 503])
def test_what_may_pass_is_worth_another_try(service, client, make_sweep, status):
    service.script = [(status, {"Retry-After": "7"}, b"<html>")]
    with pytest.raises(TryAgainError) as caught:
        client.post_sweeps([make_sweep()])
    assert caught.value.retry_after_s == 7.0


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [("soon", None), ("-1", None), ("nan", None), ("1e9", 600.0), ("0.5", 0.5)],
)
def test_retry_after_is_bounded(service, client, make_sweep, header, wait_s):
    service.script = [(503, {"Retry-After": header}, {})]
    with pytest.raises(TryAgainError) as caught:
        client.post_sweeps([make_sweep()])
    assert caught.value.retry_after_s == wait_s


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", [1], {"results": []}, {"results": [{"status": "perhaps"}]}],
)
def test_answer_that_confirms_nothing_is_worth_another_try(
    service, client, make_sweep, answer
):
    service.script = [(201, {}, answer)]
    with pytest.raises(TryAgainError):
        client.post_sweeps([make_sweep()])


def test_absent_or_silent_service_is_worth_another_try(free_port, make_sweep):
    with (
        SweepClient(f"http://127.0.0.1:{free_port}") as client,
        pytest.raises(TryAgainError, match="does not answer"),
    ):
        client.post_sweeps([make_sweep()])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            SweepClient(url, timeout_s=0.2) as client,
            pytest.raises(TryAgainError, match="does not answer"),
        ):
            client.get_cavity("cavity-1")


def test_readings_and_cavities_make_the_round(service, client):
    clock = SystemClock()
    reading = Reading(name="t_k", value=4.0, measured_at=clock.now(), source="bridge")
    client.post_readings([reading])
    assert service.readings[0]["name"] == "t_k"
    assert client.get_cavity("cavity-1") is None
    client.put_cavity("cavity-1", {"enabled": True})
    cavity = client.get_cavity("cavity-1")
    assert cavity is not None
    assert cavity["enabled"] is True
