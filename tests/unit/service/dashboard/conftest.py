"""Six cavities as the API tells them: two good, one warning, alarm, stale, unjudged."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.access.principal import OPEN, Principal
from service.dashboard.source import WallSource, wall_source
from service.dashboard.views import router

PERIOD_S = 60.0


DIAGNOSIS = {
    "model_version": "demo-2026.11",
    "out_of_distribution": {
        "contributions": {
            "bands_hz": [[4e9, 4.25e9], [4.25e9, 4.5e9]],
            "t2": {"S21": [0.1, 0.1], "S23": [0.9, -0.1]},
            "q": {"S21": [0.0, 0.7], "S23": [0.2, 0.1]},
        }
    },
    "second_opinion": {
        "method": "minirocket_ridge",
        "condition": {"label": "loose_connector", "probability": 0.61},
        "temperature_k": {"p05": 3.1, "p95": 5.9},
        "magnetic_field_tesla": {"p05": None, "p95": None},
    },
}


def rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


class ScriptedArray:
    """A source of the dashboard whose cavities and alerts a test may change."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        circulator = self.alert(1, "receiver_condition", "cavity-2", 254)
        strange = self.alert(2, "unknown_change", "cavity-5", 1510)
        self.acknowledge(strange)
        closed = self.alert(3, "resonance_lost", "cavity-1", 15000)
        closed.update(state="normal", cleared_at=self.past(13800))
        self.overruled: list[str] = []
        self.poller_records: list[dict[str, Any]] = []
        self.label_records: dict[str, list[dict[str, Any]]] = {}
        self.alert_records = [circulator, strange, closed]
        self.cavity_records = [
            self.cavity_record(1, "good", 12),
            self.cavity_record(2, "alarm", 21, field_tesla=11.8e-3, alerts=[circulator])
            | {"condition": self.condition("circulator_stray_field", 0.971, 21)},
            self.cavity_record(3, "good", 33)
            | {"temperature_k": self.refusal("not_determinable", 33, p95=9.02)},
            self.cavity_record(4, "stale", 252),
            self.cavity_record(5, "warning", 44, alerts=[strange])
            | {"condition": self.condition("unknown", None, 44)}
            | {"magnetic_field_tesla": self.refusal("no_reference", 44)},
            self.cavity_record(6, "unknown", 9)
            | dict.fromkeys(("temperature_k", "magnetic_field_tesla", "condition"))
            | dict.fromkeys(("out_of_distribution", "resonance", "reference")),
        ]

    def past(self, seconds: float) -> str:
        return rfc3339(self.now() - timedelta(seconds=seconds))

    def cavities(self) -> dict[str, Any]:
        return {"server_time": self.past(0), "cavities": self.cavity_records}

    def cavity(self, cavity: str) -> dict[str, Any] | None:
        found = [c for c in self.cavity_records if c["id"] == cavity]
        return found[0] | {"server_time": self.past(0)} if found else None

    def alerts(self, state: str) -> dict[str, Any]:
        chosen = [
            alert
            for alert in self.alert_records
            if state == "all" or alert["state"].startswith("active")
        ]
        return {"server_time": self.past(0), "alerts": chosen}

    def unseen_count(self) -> int:
        states = [alert["state"] for alert in self.alert_records]
        return states.count("cleared_unacknowledged")

    def overruled_gates(self) -> list[str]:
        return self.overruled

    def pollers(self) -> list[dict[str, Any]]:
        return self.poller_records

    def poller(self, name: str = "array", ago_s: float = 2.0) -> dict[str, Any]:
        at = self.past(ago_s)
        record = {
            "poller": name,
            "period_s": 5.0,
            "received_at": at,
            "age_s": ago_s,
            "is_stale": ago_s > 15.0,
            "spool": {
                "depth": 0,
                "depth_bytes": 0,
                "max_bytes": 1_000_000_000,
                "oldest_age_s": None,
                "is_refusing": False,
                "dead_letter_count": 0,
                "last_error": None,
            },
            "sweeps": {
                "measured": 5120,
                "stored": 5118,
                "flagged": 0,
                "lost": 0,
                "skipped": 0,
                "failed": {},
            },
            "instruments": [
                {"name": f"vna-{number}", "state": "measuring"}
                for number in range(1, 7)
            ],
            "cavities": [
                {"cavity": f"cavity-{number}", "mode": "polled"}
                for number in range(1, 7)
            ],
        }
        self.poller_records.append(record)
        return record

    def pause(self, cavity: str, mode: str, reason: str) -> dict[str, Any]:
        (record,) = [one for one in self.cavity_records if one["id"] == cavity]
        record["polling"] = {
            "poller": "array",
            "cavity": cavity,
            "mode": mode,
            "since": self.past(300),
            "until": None,
            "reason": reason,
        }
        return record

    def diagnosis(self, sweep: str) -> dict[str, Any] | None:
        # The newest sweeps wait to be judged.
        return DIAGNOSIS if sweep == "sweep-judged" else None

    def labels(self, sweeps: list[str]) -> dict[str, list[dict[str, Any]]]:
        found = self.label_records
        return {sweep: found[sweep] for sweep in sweeps if sweep in found}

    def label(
        self, sweep: str, name: str, value: str | float | None, **said: Any
    ) -> None:
        others = [
            one for one in self.label_records.get(sweep, []) if one["name"] != name
        ]
        record = {
            "name": name,
            "value": value,
            "by": "S. Okafor",
            "note": None,
            "labelled_at": self.past(90),
            "replaced_at": None,
        }
        kept = [] if value is None else [record | said]
        self.label_records[sweep] = sorted(
            [*others, *kept], key=lambda one: one["name"]
        )

    def common_cause(self) -> dict[str, Any]:
        alert = self.alert(4, "warming", "cavity-1", 75)
        alert.update(scope="array", cavity=None, severity="critical")
        alert["cavities"] = [f"cavity-{number}" for number in range(1, 7)]
        self.alert_records.insert(0, alert)
        return alert

    def cavity_record(
        self,
        number: int,
        state: str,
        ago_s: float,
        *,
        field_tesla: float = 2.1e-4,
        alerts: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        at = {"measured_at": self.past(ago_s), "age_s": ago_s}
        return {
            "id": f"cavity-{number}",
            "title": f"Cavity {number}",
            "enabled": True,
            "vna": f"vna-{number}",
            "sweep_period_s": PERIOD_S,
            "stale_after_s": 3 * PERIOD_S,
            "thermal_cycle": "2026-11",
            "state": state,
            "latest": {
                purpose: {"sweep_id": f"sweep-{number}-{purpose}", **at, "flags": []}
                for purpose in ("wide", "transmission", "reflection")
            },
            "temperature_k": self.estimate(4.0 + 0.03 * number, 0.55, ago_s),
            "magnetic_field_tesla": self.estimate(field_tesla, 1.9e-4, ago_s),
            "condition": self.condition("healthy", 0.982, ago_s),
            "out_of_distribution": {"p_value": 0.43, "flag": False, "scores": {}, **at},
            "resonance": {
                "state": "ok",
                "resonant_frequency_hz": 5.1e9 + 31_234_567 * number,
                "resonant_frequency_sigma_hz": 1240.0,
                "loaded_q": 8010.0 - 37 * number,
                "loaded_q_sigma": 64.0,
                "coupling_beta": 1.49 + 0.01 * number,
                "coupling_beta_sigma": 0.03,
                **at,
            },
            "integrity": ["receiver_overload"] if number == 5 else [],
            "flags": [],
            "polling": None,
            "reference": {
                "sweep_id": f"sweep-{number}-reference",
                "measured_at": self.past(93_600),
                "age_s": 93_600,
                "flags": [],
            },
            "active_alerts": alerts or [],
        }

    def estimate(self, median: float, half: float, ago_s: float) -> dict[str, Any]:
        return {
            "state": "estimated",
            "median": median,
            "p05": median - half,
            "p16": median - 0.6 * half,
            "p84": median + 0.6 * half,
            "p95": median + half,
            "measured_at": self.past(ago_s),
            "age_s": ago_s,
        }

    def refusal(
        self, state: str, ago_s: float, p95: float | None = None
    ) -> dict[str, Any]:
        nothing = dict.fromkeys(("median", "p05", "p16", "p84"))
        at = {"measured_at": self.past(ago_s), "age_s": ago_s}
        return {"state": state, **nothing, "p95": p95, **at}

    def condition(
        self, label: str, probability: float | None, ago_s: float
    ) -> dict[str, Any]:
        best = probability or 0.41
        top = ["circulator_stray_field", "loose_connector", "amplifier_fault"]
        others = [name for name in ["healthy", *top] if name != label][:3]
        first = label if probability else "amplifier_fault"
        return {
            "state": "estimated",
            "label": label,
            "probability": probability,
            "set": [label] if probability else [],
            "sweep_id": "sweep-judged",
            "top": [[first, best]] + [[name, (1 - best) / 3] for name in others],
            "measured_at": self.past(ago_s),
            "age_s": ago_s,
        }

    def alert(
        self, number: int, rule: str, cavity: str, ago_s: float
    ) -> dict[str, Any]:
        words = {
            "receiver_condition": (
                "Circulator stray field",
                "major",
                "2 of 3 wide sweeps read circulator stray field, probability 0.97",
            ),
            "unknown_change": (
                "Receiver changed in an unknown way",
                "minor",
                "3 of 4 wide sweeps are unlike all training sweeps, p = 0.0012",
            ),
            "resonance_lost": (
                "Resonance lost",
                "minor",
                "3 of 4 transmission sweeps show no resonance",
            ),
            "warming": (
                "Cold receiver is warming",
                "critical",
                "6 of 6 cavities read more than 12 K within their last 3 wide sweeps",
            ),
        }
        title, severity, reason = words[rule]
        return {
            "id": f"alert-{number}",
            "rule": rule,
            "title": title,
            "cause": "The circulator's ferrite sees a field that its shield held off.",
            "action": "Check the magnet current and the bucking coil, then the shield.",
            "severity": severity,
            "scope": "cavity",
            "cavity": cavity,
            "cavities": [cavity],
            "state": "active_unacknowledged",
            "raised_at": self.past(ago_s),
            "cleared_at": None,
            "acknowledged_at": None,
            "acknowledged_by": None,
            "acknowledgement_expires_at": None,
            "reason": reason,
            "sweep_id": f"sweep-{cavity[-1]}-wide",
            "age_s": ago_s,
            "transitions": [
                self.transition("normal", "active_unacknowledged", ago_s, reason)
            ],
            "deliveries": [
                {
                    "transition_id": 1,
                    "channel": "webhook",
                    "state": "delivered" if number != 2 else "waiting",
                    "attempts": 1 if number != 2 else 4,
                    "delivered_at": self.past(ago_s - 0.7) if number != 2 else None,
                    "last_error": None if number != 2 else "HTTP 500 from 127.0.0.1",
                }
            ],
        }

    def transition(
        self, before: str, after: str, ago_s: float, reason: str
    ) -> dict[str, Any]:
        return {
            "id": {"active_unacknowledged": 1, "active_acknowledged": 2}[after],
            "at": self.past(ago_s),
            "event": {"active_unacknowledged": "raised"}.get(after, "acknowledged"),
            "from": before,
            "to": after,
            "reason": reason,
            "actor": None,
            "note": None,
        }

    def acknowledge(self, alert: dict[str, Any], by: str = "M. Vogt") -> None:
        alert.update(
            state="active_acknowledged",
            acknowledged_at=self.past(0),
            acknowledged_by=by,
            acknowledgement_expires_at=self.past(-3600),
        )
        alert["transitions"].append(
            self.transition(
                "active_unacknowledged", "active_acknowledged", 0, "acknowledged"
            )
            | {"actor": by, "note": "Looking at the line with a TDR."}
        )


def make_app(source: WallSource) -> FastAPI:
    app = FastAPI()
    app.dependency_overrides[wall_source] = lambda: source
    app.include_router(router)
    return app


@pytest.fixture
def array() -> ScriptedArray:
    return ScriptedArray(lambda: datetime(2026, 1, 31, 3, 12, 44, tzinfo=UTC))


@pytest.fixture
def get_with() -> Callable[..., httpx.Response]:
    """Ask the application for a page over some source, without a socket."""

    async def ask(source: WallSource, path: str, who: Principal) -> httpx.Response:
        app = make_app(source)

        async def guarded(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"state": {"principal": who}}, receive, send)

        transport = httpx.ASGITransport(app=guarded)
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:
            return await http.get(path)

    return lambda source, path, who=OPEN: asyncio.run(ask(source, path, who))


@pytest.fixture
def get(
    array: ScriptedArray, get_with: Callable[..., httpx.Response]
) -> Callable[..., httpx.Response]:
    """Ask for a page over the scripted array."""
    return lambda path, who=OPEN: get_with(array, path, who)


@pytest.fixture
def live_array() -> ScriptedArray:
    return ScriptedArray(lambda: datetime.now(UTC))


@pytest.fixture
def live_app(live_array: ScriptedArray) -> FastAPI:
    return make_app(live_array)
