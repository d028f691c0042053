"""From judged sweeps to recorded transitions and messages."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from instruments.measurement import SweepPurpose
from instruments.measurement.poller_status import (
    CavityMode,
    CavityStatus,
    PollerStatus,
    SpoolStatus,
)
from instruments.measurement.poller_status_message import poller_status_to_json
from models.serving.predictor import Predictor
from service.alerts.webhook import make_client
from service.config_values import Channel
from service.operations.alerting import tick
from service.operations.delivering import Deliverer, RetryPolicy
from service.operations.judge_tasks import Diagnoser
from service.operations.panel import Panel
from service.storage.deliveries import list_attempts
from service.storage.records import TaskKind
from service.storage.tasks import list_backlog

PERIOD_S = 60.0


class Scene:
    """An array whose clock, sweeps and workers move step by step."""

    def __init__(self, client, database, judge, clock, make_sweep, post, webhook):
        self.client = client
        self.database = database
        self.clock = clock
        self.make_sweep = make_sweep
        self.post = post
        self.webhook = webhook
        self.seed = 0
        self.channels = (Channel(name="oncall", url=webhook.url),)
        self.watching_since = clock.now()
        self.diagnoser = Diagnoser(
            database=database,
            clock=clock,
            panel=Panel.of(judge),
            owner="diagnoser",
            lease=timedelta(seconds=30),
            channels=self.channels,
        )
        self.http = make_client(2.0)
        self.deliverer = Deliverer(
            database=database,
            clock=clock,
            client=self.http,
            owner="alerter",
            lease=timedelta(seconds=30),
            channels={channel.name: channel for channel in self.channels},
            retry=RetryPolicy(backoff_s=1.0, cap_s=60.0, keep_s=86_400.0),
            public_url="http://127.0.0.1:8000",
        )

    def register(self, cavities: Sequence[str], **settings) -> None:
        for cavity in cavities:
            body = {"sweep_period_s": PERIOD_S, **settings}
            self.client.put(f"cavities/{cavity}", json=body).raise_for_status()
            self.sweep(cavity, is_reference=True)

    def sweep(self, cavity: str = "cavity-1", scale: float = 1.0, **changes) -> None:
        self.seed += 1
        fields = {"cavity": cavity, "measured_at": self.clock.now(), **changes}
        sweep = self.make_sweep(self.seed, scale=scale, **fields)
        self.post(self.client, sweep).raise_for_status()

    def step(self, seconds: float = PERIOD_S) -> None:
        self.clock.step(seconds)

    def settle(self) -> None:
        # Sweeps carry the time of receipt of the service's own clock.
        while self.diagnoser.run_once():
            pass
        tick(self.database, self.clock.now(), self.watching_since, self.channels)

    def deliver(self) -> None:
        while tasks := self.deliverer.claim(8):
            for task in tasks:
                self.deliverer.deliver(task)

    def alerts(self, state: str = "active") -> list[dict]:
        return self.client.get("alerts", params={"state": state}).json()["alerts"]

    def rules(self) -> set[tuple[str, str | None]]:
        return {(alert["rule"], alert["cavity"]) for alert in self.alerts()}


@pytest.fixture
def scene(config, database, judge, clock, make_sweep, post, webhook, stepping_client):
    scene = Scene(stepping_client, database, judge, clock, make_sweep, post, webhook)
    yield scene
    scene.http.close()


def test_one_bad_sweep_calls_nobody_and_the_wall_does_not_call_it_good(scene):
    scene.register(["cavity-1"])
    for scale, state in ((2.0, "warning"), (1.0, "good"), (20.0, "warning")):
        scene.step()
        scene.sweep(scale=scale)
        scene.settle()
        assert scene.rules() == set()
        assert scene.client.get("cavities/cavity-1").json()["state"] == state


def test_a_verdict_that_sweeps_have_left_behind_is_not_good(scene):
    scene.register(["cavity-1"])
    scene.step()
    scene.sweep()
    scene.settle()
    for state in ("good", "good", "good", "unknown"):
        scene.step()
        scene.sweep()
        assert scene.client.get("cavities/cavity-1").json()["state"] == state
    scene.settle()
    assert scene.client.get("cavities/cavity-1").json()["state"] == "good"


def test_two_of_three_bad_sweeps_raise_and_three_good_ones_clear(scene):
    scene.register(["cavity-1"])
    for scale in (2.0, 1.0):
        scene.step()
        scene.sweep(scale=scale)
    scene.settle()
    assert scene.rules() == set()
    scene.step()
    scene.sweep(scale=2.0)
    scene.settle()
    (alert,) = scene.alerts()
    assert alert["rule"] == "receiver_condition"
    assert alert["title"] == "Loose connector"
    assert alert["severity"] == "major"
    assert alert["state"] == "active_unacknowledged"
    assert alert["sweep_id"]
    assert "2 of the last 3 wide sweeps" in alert["reason"]
    assert scene.client.get("cavities/cavity-1").json()["state"] == "alarm"
    for count in range(3):
        assert len(scene.alerts()) == 1, count
        scene.step()
        scene.sweep()
        scene.settle()
    assert scene.alerts() == []
    (cleared,) = scene.alerts("all")
    assert cleared["state"] == "cleared_unacknowledged"
    assert [t["event"] for t in cleared["transitions"]] == ["raised", "cleared"]
    assert cleared["transitions"][-1]["reason"] == "the last 3 wide sweeps are good"
    scene.deliver()
    assert [m["event"] for m in scene.webhook.messages] == ["raised", "cleared"]
    assert {m["dedup_key"] for m in scene.webhook.messages} == {
        f"receiver_condition/cavity-1/{cleared['id']}"
    }


def test_an_unseen_alert_that_comes_back_is_the_same_alert(scene):
    scene.register(["cavity-1"])
    for scale in (2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0):
        scene.step()
        scene.sweep(scale=scale)
        scene.settle()
    (alert,) = scene.alerts("all")
    assert alert["state"] == "active_unacknowledged"
    events = [transition["event"] for transition in alert["transitions"]]
    assert events == ["raised", "cleared", "raised"]


def test_a_warming_fridge_is_one_critical_alert(scene):
    cavities = [f"cavity-{number}" for number in range(1, 5)]
    scene.register(cavities)
    for scale in (1.0, 4.0, 4.0):
        scene.step()
        for cavity in cavities:
            scene.sweep(cavity, scale=scale)
        scene.settle()
    warming = [alert for alert in scene.alerts() if alert["rule"] == "warming"]
    assert len(warming) == 1
    assert warming[0]["scope"] == "array"
    assert warming[0]["severity"] == "critical"
    assert warming[0]["cavity"] is None
    assert warming[0]["cavities"] == cavities
    assert warming[0]["reason"].startswith("reaches 4 cavities")
    events = [transition["event"] for transition in warming[0]["transitions"]]
    assert events[0] == "raised"
    assert set(events[1:]) == {"widened"}
    states = [scene.client.get(f"cavities/{c}").json()["state"] for c in cavities]
    assert states == ["alarm"] * 4
    scene.deliver()
    sent = [m for m in scene.webhook.messages if m["rule"] == "warming"]
    assert [m["dedup_key"] for m in sent] == [f"warming/array/{warming[0]['id']}"]


def test_a_single_warm_cavity_waits_one_period_then_speaks(scene):
    cavities = [f"cavity-{number}" for number in range(1, 5)]
    scene.register(cavities)
    for _ in range(2):
        scene.step()
        for cavity in cavities:
            scene.sweep(cavity, scale=4.0 if cavity == "cavity-2" else 1.0)
        scene.settle()
    assert ("warming", "cavity-2") not in scene.rules()
    scene.step(PERIOD_S)
    scene.settle()
    assert ("warming", "cavity-2") in scene.rules()
    for _ in range(2):
        scene.step()
        for cavity in cavities:
            scene.sweep(cavity, scale=4.0)
        scene.settle()
    (covered,) = [
        alert
        for alert in scene.alerts("all")
        if (alert["rule"], alert["cavity"]) == ("warming", "cavity-2")
    ]
    assert covered["transitions"][-1]["reason"].startswith("another alert covers it")


def test_unknown_change_is_raised_by_three_of_four(scene):
    scene.register(["cavity-1"], temperature_limit_k=1000.0)
    for _ in range(3):
        assert scene.rules() == set()
        scene.step()
        scene.sweep(scale=20.0)
        scene.settle()
    assert scene.rules() == {("unknown_change", "cavity-1")}


def test_a_lost_resonance_is_raised_by_three_of_four(scene):
    scene.register(["cavity-1"])
    for _ in range(3):
        assert scene.rules() == set()
        scene.step(1.0)
        scene.sweep(scale=0.1, purpose=SweepPurpose.TRANSMISSION)
        scene.settle()
    assert scene.rules() == {("resonance_lost", "cavity-1")}


def test_silence_raises_by_the_clock_and_two_sweeps_clear(scene):
    scene.register(["cavity-1"])
    scene.settle()
    scene.step(3 * PERIOD_S + 1)
    scene.settle()
    assert scene.rules() == {("no_data", "cavity-1")}
    for _ in range(2):
        assert scene.rules() == {("no_data", "cavity-1")}
        scene.step(1.0)
        scene.sweep()
        scene.settle()
    assert scene.rules() == set()


def test_silence_before_the_watch_began_counts_for_nothing(scene):
    scene.register(["cavity-1"])
    scene.step(10 * PERIOD_S)
    scene.watching_since = scene.clock.now()
    scene.settle()
    assert scene.rules() == set()


def test_a_disabled_cavity_alerts_nobody(scene):
    scene.register(["cavity-1"])
    scene.step(4 * PERIOD_S)
    scene.settle()
    assert len(scene.alerts()) == 1
    scene.client.put("cavities/cavity-1", json={"enabled": False}).raise_for_status()
    scene.settle()
    assert scene.alerts() == []
    scene.sweep(scale=9.0)
    scene.sweep(scale=9.0)
    scene.settle()
    assert scene.alerts() == []


def test_history_that_is_read_in_late_wakes_nobody(scene):
    scene.register(["cavity-1"])
    reference = scene.clock.now()
    scene.step(10_000.0)
    for number in range(4):
        at = reference + timedelta(seconds=1 + number)
        scene.sweep(scale=3.0, measured_at=at)
    scene.settle()
    assert ("receiver_condition", "cavity-1") not in scene.rules()
    assert len(scene.client.get("diagnoses").json()["diagnoses"]) == 5


def test_an_acknowledgement_holds_for_a_while_and_then_expires(scene):
    scene.register(["cavity-1"])
    scene.step(4 * PERIOD_S)
    scene.settle()
    (alert,) = scene.alerts()
    body = {"by": "ada", "note": "on it", "duration_s": 600}
    answer = scene.client.post(f"alerts/{alert['id']}/acknowledge", json=body)
    assert answer.json()["state"] == "active_acknowledged"
    assert answer.json()["acknowledged_by"] == "ada"
    scene.step(599)
    scene.settle()
    assert scene.alerts()[0]["state"] == "active_acknowledged"
    scene.step(2)
    scene.settle()
    (alert,) = scene.alerts()
    assert alert["state"] == "active_unacknowledged"
    assert alert["acknowledged_by"] is None
    assert alert["transitions"][-1]["reason"] == "the acknowledgement by ada ran out"
    scene.deliver()
    events = [message["event"] for message in scene.webhook.messages]
    assert events == ["raised", "acknowledged", "raised"]


def test_an_alert_that_is_over_cannot_be_acknowledged_twice(scene):
    scene.register(["cavity-1"])
    scene.step(4 * PERIOD_S)
    scene.settle()
    (alert,) = scene.alerts()
    for _ in range(2):
        scene.step(1)
        scene.sweep()
        scene.settle()
    path = f"alerts/{alert['id']}/acknowledge"
    assert scene.client.post(path, json={"by": "ada"}).json()["state"] == "normal"
    again = scene.client.post(path, json={"by": "ada"})
    assert again.status_code == 409
    assert again.json()["code"] == "conflict"
    unknown = scene.client.post("alerts/none/acknowledge", json={"by": "ada"})
    assert unknown.status_code == 404


def test_messages_are_retried_in_order_until_the_webhook_recovers(scene):
    scene.register(["cavity-1"])
    scene.step(4 * PERIOD_S)
    scene.settle()
    scene.webhook.status = 500
    for _ in range(5):
        scene.deliver()
        scene.step(60)
    assert scene.webhook.messages == []
    refused = len(scene.webhook.refused)
    assert refused == 5
    for _ in range(2):
        scene.sweep()
        scene.step(1)
        scene.settle()
    assert scene.alerts() == []
    scene.webhook.status = 200
    scene.step(60)
    scene.deliver()
    assert [m["event"] for m in scene.webhook.messages] == ["raised", "cleared"]
    (alert,) = scene.alerts("all")
    first = alert["deliveries"][0]
    assert (first["state"], first["attempts"]) == ("delivered", refused + 1)
    with scene.database.read() as transaction:
        attempts = list_attempts(transaction, 1)
        left = list_backlog(transaction, (TaskKind.DELIVER,))[0]
    assert [status for _, status, _ in attempts] == [500] * refused + [200]
    assert (left.waiting, left.given_up) == (0, 0)


def test_a_refused_message_is_not_sent_again(scene):
    scene.register(["cavity-1"])
    scene.step(4 * PERIOD_S)
    scene.settle()
    scene.webhook.status = 404
    scene.deliver()
    scene.step(3600)
    scene.deliver()
    assert len(scene.webhook.refused) == 1
    (delivery,) = scene.alerts()[0]["deliveries"]
    assert delivery["state"] == "failed"
    assert delivery["last_error"] == "answered 404"


def test_a_message_is_kept_for_a_day_and_no_longer(scene):
    scene.register(["cavity-1"])
    scene.step(4 * PERIOD_S)
    scene.settle()
    scene.webhook.status = 503
    scene.deliver()
    scene.step(86_401)
    scene.deliver()
    (delivery,) = scene.alerts()[0]["deliveries"]
    assert delivery["state"] == "failed"
    assert delivery["attempts"] == 2


def test_a_channel_that_is_gone_fails_with_its_name(scene):
    scene.register(["cavity-1"])
    scene.step(4 * PERIOD_S)
    scene.settle()
    object.__setattr__(scene.deliverer, "channels", {})
    scene.deliver()
    (delivery,) = scene.alerts()[0]["deliveries"]
    assert "oncall" in delivery["last_error"]


def poller_status(scene, share=0.0, *, refusing=False, modes=(), resumed=None):
    now = scene.clock.now()
    spool = SpoolStatus(
        depth=9, depth_bytes=round(1000 * share), max_bytes=1000, is_refusing=refusing
    )
    status = PollerStatus(
        poller="array",
        reported_at=now,
        started_at=now,
        period_s=PERIOD_S,
        spool=spool,
        cavities=tuple(
            CavityStatus(cavity=cavity, mode=mode, since=resumed)
            for cavity, mode in modes
        ),
    )
    body = poller_status_to_json(status)
    scene.client.put("pollers/array", json=body).raise_for_status()


def test_a_filling_spool_is_one_alert_that_is_sent_and_ends(scene):
    scene.register(["cavity-1", "cavity-2"])
    poller_status(scene, 0.7)
    scene.settle()
    assert scene.alerts() == []
    poller_status(scene, 0.81)
    scene.settle()
    scene.settle()
    (alert,) = scene.alerts()
    assert (alert["rule"], alert["scope"]) == ("spool_filling", "array")
    assert alert["severity"] == "major"
    assert alert["cavities"] == []
    assert "the spool of array holds 9 sweeps" in alert["reason"]
    poller_status(scene, 0.7, refusing=True)
    scene.settle()
    assert len(scene.alerts()) == 1
    poller_status(scene, 0.5)
    scene.settle()
    assert scene.alerts() == []
    scene.deliver()
    assert [m["event"] for m in scene.webhook.messages] == ["raised", "cleared"]


def test_a_paused_cavity_is_not_silent(scene):
    scene.register(["cavity-1", "cavity-2"])
    scene.step(100.0)
    poller_status(scene, modes=[("cavity-1", CavityMode.PAUSED)])
    scene.step(100.0)
    scene.settle()
    assert scene.rules() == {("no_data", "cavity-2")}
    poller_status(scene, modes=[("cavity-2", CavityMode.INHIBITED)])
    scene.settle()
    assert scene.rules() == {("no_data", "cavity-1")}
    (ended,) = [a for a in scene.alerts("all") if a["cavity"] == "cavity-2"]
    last = ended["transitions"][-1]
    assert (last["event"], last["reason"]) == (
        "cleared",
        "array has inhibited the cavity",
    )


def test_a_resumed_cavity_has_time_to_be_measured(scene):
    scene.register(["cavity-1"])
    scene.step(1000.0)
    resumed = scene.clock.now()
    poller_status(scene, modes=[("cavity-1", CavityMode.POLLED)], resumed=resumed)
    scene.settle()
    assert scene.alerts() == []
    scene.step(181.0)
    poller_status(scene, modes=[("cavity-1", CavityMode.POLLED)], resumed=resumed)
    scene.settle()
    assert scene.rules() == {("no_data", "cavity-1")}


def test_a_poller_that_fell_silent_excuses_nothing(scene):
    scene.register(["cavity-1"])
    poller_status(scene, modes=[("cavity-1", CavityMode.PAUSED)])
    scene.step(3 * PERIOD_S + 1)
    scene.settle()
    assert scene.rules() == {("no_data", "cavity-1")}


class VoidingJudge:
    """The judge of the house's own kind: it refuses void samples by itself."""

    def __init__(self, judge):
        self.judge = judge
        self.model_version = judge.model_version
        self.refusing = Predictor.without_model()

    def diagnose(self, sweep, reference, reference_id):
        if sweep.flags:
            refused = self.refusing.diagnose(sweep, reference, reference_id)
            return replace(refused, model_version=self.model_version)
        return self.judge.diagnose(sweep, reference, reference_id)


@pytest.fixture
def voiding_scene(scene, judge):
    scene.diagnoser = replace(scene.diagnoser, panel=Panel.of(VoidingJudge(judge)))
    return scene


def test_void_sweeps_raise_no_fault_but_a_word_on_themselves(voiding_scene):
    scene = voiding_scene
    scene.register(["cavity-1"])
    for _ in range(3):
        scene.step()
        scene.sweep(scale=4.0, flags=("rf_off",))
        scene.sweep(flags=("spikes",), purpose=SweepPurpose.TRANSMISSION, scale=0.01)
        scene.settle()
    (alert,) = scene.alerts()
    assert (alert["rule"], alert["severity"]) == ("void_sweeps", "minor")
    assert (
        "3 of the last 4 wide sweeps hold no usable samples (RF off)"
        in (alert["reason"])
    )
    diagnosis = scene.client.get(f"sweeps/{alert['sweep_id']}/diagnosis").json()
    assert diagnosis["integrity"] == ["rf_off", "no_trace"]
    cavity = scene.client.get("cavities/cavity-1").json()
    assert cavity["flags"] == ["rf_off", "spikes"]
    assert cavity["state"] == "warning"
    for _ in range(3):
        scene.step()
        scene.sweep()
        scene.settle()
    assert scene.alerts() == []
