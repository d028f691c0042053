"""A mode keeps its identity over the sweeps of its cavity, or is said to be lost."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from instruments.measurement import SweepPurpose, SweepSettings
from models.diagnosis import Diagnosis
from models.serving.predictor import Predictor
from service.operations.judge_tasks import Diagnoser
from service.operations.panel import Panel

F0_HZ, LOADED_Q, SPAN_HZ = 5.1e9, 8000.0, 8e6
HZ_PER_M = 4e9
"""How far a metre of the rod tunes."""


@pytest.fixture
def diagnoser(database, clock) -> Diagnoser:
    """The real predictor without a model: it fits."""
    return Diagnoser(
        database=database,
        clock=clock,
        panel=Panel.of(Predictor.without_model()),
        owner="worker-a",
        lease=timedelta(hours=5),
        channels=(),
    )


@pytest.fixture
def tune(stepping_client, post, make_sweep, clock, diagnoser):
    """Sweep through the modes at a position of the rod, a minute after the last."""
    stepping_client.put("cavities/cavity-1", json={"sweep_period_s": 60})

    def tune(rod_m: float | None, *modes_hz: float, span_hz=SPAN_HZ, **changes) -> dict:
        clock.step(60.0)
        frequency_hz = F0_HZ + np.linspace(-span_hz / 2, span_hz / 2, 401)
        rng = np.random.default_rng(int(clock.elapsed_s))
        s21 = 0.002 * (rng.standard_normal(401) + 1j * rng.standard_normal(401))
        for f0_hz, height in zip(modes_hz, (1.0, 0.15), strict=False):
            s21 = s21 + height / (1.0 + 2j * LOADED_Q * (frequency_hz / f0_hz - 1.0))
        fields = {
            "purpose": SweepPurpose.TRANSMISSION,
            "measured_at": clock.now(),
            "frequency_hz": frequency_hz,
            "traces": {"S21": s21.astype(np.complex64)},
            "conditions": {} if rod_m is None else {"rod_position_m": rod_m},
        }
        answer = post(stepping_client, make_sweep(**fields | changes)).json()
        while diagnoser.run_once():
            pass
        (result,) = answer["results"]
        return stepping_client.get(f"sweeps/{result['sweep_id']}/diagnosis").json()

    return tune


def alerts(client) -> list[dict]:
    found = client.get("alerts", params={"state": "all"}).json()["alerts"]
    return [alert for alert in found if alert["rule"] == "mode_lost"]


SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_mode_is_followed_through_a_crossing(tune, stepping_client):
    """The other mode stays while ours tunes through it from -5 to +5 MHz."""
    states = []
    for number in range(21):
        rod_m = number * 1.25e-4
        ours_hz = F0_HZ - 5e6 + HZ_PER_M * rod_m
        found = tune(rod_m, ours_hz, F0_HZ, span_hz=12e6)
        states.append(found["mode"]["state"])
        assert found["mode"]["number"] == 1
        assert found["mode"]["axis"] == "rod_position_m"
    assert "crossing" in states, states
    assert states[-1] == "followed", states
    cavity = stepping_client.get("cavities/cavity-1").json()
    assert cavity["mode"]["state"] == "followed"
    assert cavity["mode"]["expected_frequency_hz"] == pytest.approx(ours_hz, abs=5e4)
    assert cavity["mode"]["other_frequency_hz"] == pytest.approx(F0_HZ, abs=5e4)
    record = {k: v for k, v in found.items() if k not in ("cavity", "purpose")}
    assert Diagnosis.from_record(record).mode.number == 1


@SQLITE
def test_a_mode_that_is_not_where_the_rod_puts_it_is_lost_and_found_anew(
    tune, stepping_client
):
    for number in range(5):
        tune(number * 5e-5, F0_HZ + HZ_PER_M * number * 5e-5)
    assert alerts(stepping_client) == []
    states = [tune(2.5e-4, F0_HZ - 2.5e6)["mode"]["state"] for _ in range(6)]
    assert states == ["missed"] * 5 + ["lost"]
    (alert,) = alerts(stepping_client)
    assert (alert["severity"], alert["title"]) == ("minor", "Mode lost")
    assert "is not where the followed one should be" in alert["reason"]
    assert "5.101000 GHz" in alert["reason"]
    again = [tune(2.5e-4, F0_HZ - 2.5e6)["mode"] for _ in range(3)]
    assert [mode["state"] for mode in again] == ["lost", "lost", "followed"]
    assert again[-1]["number"] == 2
    (alert,) = alerts(stepping_client)
    assert alert["cleared_at"] is not None


@SQLITE
def test_without_a_position_a_step_of_the_tuner_is_no_alert(tune, stepping_client):
    for _ in range(4):
        assert tune(None, F0_HZ)["mode"]["axis"] == "time"
    states = [tune(None, F0_HZ + 3e6)["mode"]["state"] for _ in range(6)]
    assert states[-1] == "lost"
    assert alerts(stepping_client) == []
    for _ in range(3):
        found = tune(None, F0_HZ + 3e6)
    assert (found["mode"]["state"], found["mode"]["number"]) == ("followed", 2)


@SQLITE
def test_a_drift_is_told_and_its_bias_taken_off(tune, stepping_client):
    """f0 falls by 60 kHz a minute with the rod at rest; the sweep takes 55 s."""
    slow = SweepSettings(sweep_time_s=55.0)
    for number in range(4):
        found = tune(1e-3, F0_HZ - 6e4 * number, settings=slow)
    assert found["mode"]["drift_hz_per_s"] == pytest.approx(-1000.0, rel=0.05)
    assert "smeared" not in found["resonance"]["flags"]
    for number in range(4, 7):
        found = tune(1e-3, F0_HZ - 6e5 * (number - 3.5), settings=slow)
    assert found["mode"]["drift_hz_per_s"] == pytest.approx(-1e4, rel=0.05)
    assert "smeared" in found["resonance"]["flags"]
    ratio = 1.0 + 1e4 * 55.0 / SPAN_HZ
    assert found["resonance"]["loaded_q"] == pytest.approx(LOADED_Q / ratio, rel=0.03)
    words = stepping_client.get("cavities/cavity-1").json()["mode"]
    assert words["drift_hz_per_s"] == found["mode"]["drift_hz_per_s"]


@SQLITE
def test_late_void_and_other_sweeps_leave_the_track_alone(tune, clock, stepping_client):
    tune(1e-3, F0_HZ)
    before = stepping_client.get("cavities/cavity-1").json()["mode"]
    late = tune(1e-3, F0_HZ + 3e6, measured_at=clock.now() - timedelta(hours=1))
    assert late["mode"] is None
    void = tune(1e-3, F0_HZ + 3e6, flags=("rf_off",))
    assert void["mode"] is None
    off = tune(1e-3, F0_HZ, purpose=SweepPurpose.REFLECTION)
    assert off["mode"] is None
    found = tune(1e-3, F0_HZ)
    assert (found["mode"]["state"], found["mode"]["number"]) == ("followed", 1)
    assert before["number"] == 1
    assert replace(Diagnosis.from_record(found), mode=None).mode is None
