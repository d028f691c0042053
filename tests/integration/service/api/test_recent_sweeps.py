"""A jump is told against the last sweeps; readings teach intervals, for good."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.diagnosis import Estimate, EstimateState
from service.operations.judge_tasks import Diagnoser
from service.operations.panel import Panel


class ReadingJudge:
    """The threshold judge, with a signature and a temperature of its own."""

    model_version = "threshold-1"

    def __init__(self, inner) -> None:
        self.inner = inner
        self.count = 0

    def diagnose(self, sweep, reference, reference_id):
        self.count += 1
        jump = float(sweep.run or 0.0)
        level = 1e-3 * (self.count % 3) + jump
        return replace(
            self.inner.diagnose(sweep, reference, reference_id),
            signature={"S21": [level, 0.0, 0.0, 0.0], "S23": [0.0] * 4},
            temperature_k=Estimate(
                state=EstimateState.ESTIMATED,
                median=4.0,
                p05=3.6,
                p16=3.8,
                p84=4.2,
                p95=4.4,
            ),
        )


@pytest.fixture
def play(stepping_client, post, make_sweep, clock, database, judge):
    stepping_client.put("cavities/cavity-1", json={})
    panel = Panel.of(ReadingJudge(judge))
    seeds = iter(range(1000))

    def play(**fields):
        clock.step(60.0)
        # A new worker every time: nothing may live in its memory.
        diagnoser = Diagnoser(
            database=database,
            clock=clock,
            panel=panel,
            owner=f"worker-{next(seeds)}",
            lease=timedelta(hours=5),
            channels=(),
        )
        sweep = make_sweep(next(seeds), points=21, measured_at=clock.now(), **fields)
        (result,) = post(stepping_client, sweep).json()["results"]
        while diagnoser.run_once():
            pass
        path = f"sweeps/{result['sweep_id']}/diagnosis"
        return stepping_client.get(path).json()

    return play


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_jump_is_told_where_the_reference_is_the_same(play):
    play(is_reference=True)
    found = [play() for _ in range(6)]
    assert found[0]["jump"] is None
    assert found[-1]["jump"]["sweeps"] == 5
    assert not found[-1]["jump"]["is_sudden"]
    sudden = play(run="0.3")["jump"]
    assert (sudden["is_sudden"], sudden["trace"], sudden["band"]) == (True, "S21", 0)
    play(is_reference=True)
    assert play()["jump"] is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_readings_widen_intervals_that_miss_and_outlive_the_worker(play):
    play(is_reference=True)
    assert play()["adaptive"] == {}
    for _ in range(5):
        missed = play(conditions={"temperature_k": 6.0})
    taught = missed["adaptive"]["temperature_k"]
    assert (taught["labelled"], taught["missed"]) == (5, 5)
    assert taught["alpha"] == pytest.approx(0.1 - 5 * 0.009)
    silent = play()
    assert silent["adaptive"]["temperature_k"] == taught
    assert silent["temperature_k"]["p95"] == pytest.approx(
        4.0 * (4.4 / 4.0) ** taught["stretch"]
    )
    assert silent["temperature_k"]["median"] == 4.0
    held = play(conditions={"temperature_k": 4.1})["adaptive"]["temperature_k"]
    assert (held["labelled"], held["missed"]) == (6, 5)
    assert held["alpha"] > taught["alpha"]
