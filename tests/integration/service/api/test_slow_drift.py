"""A drift that no single sweep shows is charted, dated, raised and cleared."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from scipy.stats import norm

from models.diagnosis import OutOfDistribution
from models.monitoring import Baseline, ChartState, Limits
from service.operations.drifting import LEAST_SCORES, redraw_limits
from service.operations.judge_tasks import Diagnoser
from service.operations.panel import Panel
from service.storage.drifts import (
    DriftChart,
    DriftLimits,
    add_drift_limits,
    get_drift_chart,
    healthy_p_values,
    newest_drift_limits,
    put_drift_chart,
)

PERIOD_S = 60.0


class StrangenessJudge:
    """The threshold judge with a p-value that the sweep brings along in its run."""

    model_version = "threshold-1"

    def __init__(self, inner) -> None:
        self.inner = inner

    def diagnose(self, sweep, reference, reference_id):
        found = self.inner.diagnose(sweep, reference, reference_id)
        if not sweep.run:
            return found
        p_value = float(sweep.run)
        novelty = OutOfDistribution(p_value=p_value, flag=p_value < 1e-3)
        return replace(found, out_of_distribution=novelty)


@pytest.fixture
def diagnoser(database, judge, clock) -> Diagnoser:
    return Diagnoser(
        database=database,
        clock=clock,
        panel=Panel.of(StrangenessJudge(judge)),
        owner="worker-a",
        lease=timedelta(hours=5),
        channels=(),
    )


@pytest.fixture
def play(stepping_client, post, make_sweep, clock, diagnoser):
    """Let a minute pass for every score, and judge the sweeps of it."""
    stepping_client.put("cavities/cavity-1", json={"sweep_period_s": PERIOD_S})
    seeds = iter(range(10_000))

    def play(scores, **changes) -> list[datetime]:
        sweeps = []
        for score in scores:
            clock.step(PERIOD_S)
            fields = {"run": f"{norm.sf(score):.6g}", "measured_at": clock.now()}
            sweeps.append(make_sweep(next(seeds), points=21, **fields | changes))
        for start in range(0, len(sweeps), 100):
            post(stepping_client, *sweeps[start : start + 100]).raise_for_status()
        while diagnoser.run_once():
            pass
        return [sweep.measured_at for sweep in sweeps]

    return play


def slow_drifts(client) -> list[dict]:
    alerts = client.get("alerts", params={"state": "all"}).json()["alerts"]
    return [alert for alert in alerts if alert["rule"] == "slow_drift"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_from_learning_to_an_alert_with_its_beginning_and_back(
    play, stepping_client, database, clock
):
    rng = np.random.default_rng(3)
    play([0.0], is_reference=True)
    play(rng.standard_normal(LEAST_SCORES // 2))
    version = "threshold-1"
    assert not redraw_limits(database, version, clock.now(), asked_per_week=1.0)
    drift = stepping_client.get("cavities/cavity-1").json()["drift"]
    assert drift == {"state": "learning", "needed_sweeps": LEAST_SCORES}
    play(rng.standard_normal(LEAST_SCORES))
    assert redraw_limits(database, version, clock.now(), asked_per_week=1.0)
    assert not redraw_limits(database, version, clock.now(), asked_per_week=1.0)
    with database.read() as transaction:
        drawn = newest_drift_limits(transaction, version)
    assert drawn.sweep_count >= LEAST_SCORES
    assert drawn.limits.cusum > 5.0  # one a week is 10,080 sweeps
    play(rng.standard_normal(60))
    steady = stepping_client.get("cavities/cavity-1").json()["drift"]
    assert steady["state"] == "steady"
    assert steady["measured_false_alarms_per_day"] <= 3.0
    assert slow_drifts(stepping_client) == []
    before = clock.now()
    play(rng.standard_normal(40) + 1.5)
    (alert,) = slow_drifts(stepping_client)
    assert (alert["severity"], alert["title"]) == ("minor", "Slow drift")
    assert alert["state"] == "active_unacknowledged"
    cavity = stepping_client.get("cavities/cavity-1").json()
    assert (cavity["state"], cavity["drift"]["state"]) == ("warning", "drifting")
    began = datetime.fromisoformat(cavity["drift"]["began_at"])
    assert abs((began - before).total_seconds()) < 25 * PERIOD_S
    assert "since 2026-" in alert["reason"]
    play(rng.standard_normal(60) - 1.0)
    (alert,) = slow_drifts(stepping_client)
    assert alert["cleared_at"] is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_one_sweep_shows_is_the_business_of_other_rules(
    play, stepping_client, database, clock
):
    rng = np.random.default_rng(5)
    play([0.0], is_reference=True)
    play(rng.standard_normal(LEAST_SCORES + 20))
    assert redraw_limits(database, "threshold-1", clock.now(), asked_per_week=1.0)
    count = stepping_client.get("cavities/cavity-1").json()["drift"]["sweeps"]
    play(np.full(20, 3.0), scale=3.0)  # a loose connector
    play(np.full(20, 5.0))  # out of distribution
    drift = stepping_client.get("cavities/cavity-1").json()["drift"]
    assert drift["sweeps"] == count
    assert slow_drifts(stepping_client) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_new_reference_and_late_sweeps(
    play, stepping_client, database, clock, post, make_sweep, diagnoser
):
    rng = np.random.default_rng(6)
    play([0.0], is_reference=True)
    play(rng.standard_normal(LEAST_SCORES + 20))
    assert redraw_limits(database, "threshold-1", clock.now(), asked_per_week=1.0)
    play(np.full(5, 1.0))
    assert stepping_client.get("cavities/cavity-1").json()["drift"]["sweeps"] == 5
    late = make_sweep(
        9999, points=21, run="0.01", measured_at=clock.now() - timedelta(seconds=90)
    )
    post(stepping_client, late)
    while diagnoser.run_once():
        pass
    assert stepping_client.get("cavities/cavity-1").json()["drift"]["sweeps"] == 5
    play([0.0], is_reference=True)
    play([0.5])
    drift = stepping_client.get("cavities/cavity-1").json()["drift"]
    assert drift["sweeps"] == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_another_models_finding_ends_with_it(
    play, stepping_client, database, clock, diagnoser, judge
):
    rng = np.random.default_rng(3)
    play([0.0], is_reference=True)
    play(rng.standard_normal(LEAST_SCORES + 20))
    assert redraw_limits(database, "threshold-1", clock.now(), asked_per_week=1.0)
    play(rng.standard_normal(50) + 2.0)
    (alert,) = slow_drifts(stepping_client)
    assert alert["cleared_at"] is None

    class Successor(StrangenessJudge):
        model_version = "threshold-2"

        def diagnose(self, sweep, reference, reference_id):
            found = super().diagnose(sweep, reference, reference_id)
            return replace(found, model_version=self.model_version)

    object.__setattr__(diagnoser, "panel", Panel.of(Successor(judge)))
    play([0.0])
    (alert,) = slow_drifts(stepping_client)
    assert alert["cleared_at"] is not None


def test_charts_and_limits_are_kept_as_they_were(database, clock):
    chart = DriftChart(
        cavity="cavity-1",
        model_version="v",
        reference_sweep=None,
        measured_at=clock.now(),
        state=ChartState(ewma=0.25, cusum=3.5, began_at=clock.now(), count=7),
    )
    drawn = DriftLimits(
        model_version="v",
        drawn_at=clock.now(),
        limits=Limits(ewma=0.8, cusum=7.8),
        baselines={"": Baseline(centre=0.1, spread=1.0)},
        sweep_count=300,
        span_s=216_000.0,
        asked_per_week=1.0,
        measured_per_day=0.1,
    )
    with database.write() as transaction:
        put_drift_chart(transaction, replace(chart, cavity="cavity-2"))
        for state in (ChartState(), chart.state):
            put_drift_chart(transaction, replace(chart, state=state))
        for version in ("v", "w"):
            add_drift_limits(transaction, replace(drawn, model_version=version))
    with database.read() as transaction:
        assert get_drift_chart(transaction, "cavity-1") == chart
        assert newest_drift_limits(transaction, "v") == drawn
        assert newest_drift_limits(transaction, "none") is None
        assert healthy_p_values(transaction, "cavity-1", "v", 10) == []
