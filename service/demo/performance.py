"""One run of the demo: start the processes, play the script, count what came of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from instruments.array.loader import dump_array
from instruments.clock import Clock
from service.demo.children import Child, start_child, stop_child
from service.demo.control import ControlPort
from service.demo.fleet import Fleet
from service.demo.receiver import WebhookReceiver, describe
from service.demo.script import PERIOD_S, SCRIPT, ScriptedFault, playable
from service.demo.summary import (
    InjectedFault,
    Summary,
    delivered_count,
    detect,
    own_sweeps,
    vna_to_alert_p99_s,
)

READY_DEADLINE_S = 60.0
"""How long the processes may take to answer, and the calibration to be in place."""

SETTLE_DEADLINE_S = 20.0
"""How long diagnoses and deliveries may take after the poller has ended."""

TICK_S = 0.1


class DemoFailedError(Exception):
    """The demo could not be played; the message says what did not come up."""


@dataclass(slots=True, kw_only=True)
class Performance:
    """The demo's processes and what has happened so far.

    Attributes
    ----------
    folder
        Where databases, spool and logs of this run go.
    environment
        Environment of the child processes.
    port
        Port of the service.
    duration_s
        Seconds from ``started_s`` after which it ends by itself; None for never.
    announce
        Called with each line that a watcher should see.
    """

    fleet: Fleet
    folder: Path
    environment: Mapping[str, str]
    port: int
    duration_s: float | None
    announce: Callable[[str], None]
    clock: Clock
    started_s: float
    _children: dict[str, Child] = field(default_factory=dict)
    _injected: list[InjectedFault] = field(default_factory=list)
    _told_count: int = 0
    _poller_says: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the service and its dashboard are."""
        return f"http://127.0.0.1:{self.port}"

    def play(self) -> Summary:
        """Run from start to end; every process has ended when this returns or raises.

        Raises
        ------
        DemoFailedError
            If a process does not come up, or no reference arrives.
        ChildFailedError
            If a process ends by itself.
        """
        receiver = WebhookReceiver(self.clock)
        try:
            control = self._start(receiver)
            try:
                self._await_calibration()
                self._play_script(control, receiver)
            except KeyboardInterrupt:
                self.announce("stopping ...")
            finally:
                control.close()
            return self._finish(receiver)
        finally:
            for child in reversed(self._children.values()):
                stop_child(child, self.clock)
            receiver.stop()

    def _start(self, receiver: WebhookReceiver) -> ControlPort:
        given, resolved = self.folder / "array.yaml", self.folder / "resolved.yaml"
        control_file = self.folder / "simulate.json"
        dump_array(self.fleet.config, given)
        self._child(
            "simulate",
            str(given),
            f"--speed={self.fleet.speed}",
            f"--resolved={resolved}",
            f"--control-file={control_file}",
        )
        channels = {"HALOWATCH_CHANNELS": f"demo={receiver.url}"}
        self._child("serve", "--host=127.0.0.1", f"--port={self.port}", **channels)
        receiver.start()
        self._wait("the emulated array", control_file.exists)
        self._wait("the service", lambda: self._answers("/readyz"))
        self._child("poll", str(resolved), f"--url={self.url}", "--reference", "--json")
        self.announce(f"dashboard        {self.url}/")
        self.announce(f"on-call channel  {receiver.url}")
        return ControlPort(int(json.loads(control_file.read_text())["control_port"]))

    def _child(self, name: str, *arguments: str, **extra: str) -> None:
        self._children[name] = start_child(
            name, list(arguments), self.folder, {**self.environment, **extra}
        )

    def _await_calibration(self) -> None:
        self._wait("a judged reference of every cavity", self._is_calibrated)
        self.announce("calibration in place: every cavity has its reference")

    def _is_calibrated(self) -> bool:
        cavities = self._get("/api/v1/cavities")["cavities"]
        return len(cavities) == len(self.fleet.cavities) and all(
            cavity["reference"] and cavity["condition"] for cavity in cavities
        )

    def _play_script(self, control: ControlPort, receiver: WebhookReceiver) -> None:
        begun_s = self.clock.monotonic_s()
        turn = 0
        due, running = list(self._script(begun_s)), list[ScriptedFault]()
        while self._has_time_left():
            now_s = (self.clock.monotonic_s() - begun_s) * self.fleet.speed
            while due and due[0].at_s <= now_s - turn * PERIOD_S:
                running.append(due[0])
                self._inject(control, due.pop(0))
            for fault in [one for one in running if one.clear_at_s <= now_s % PERIOD_S]:
                running.remove(fault)
                self._clear(control, fault)
            if now_s >= (turn + 1) * PERIOD_S:
                turn, due = turn + 1, list(self._script(self.clock.monotonic_s()))
            self._tell_news(receiver)
            for child in self._children.values():
                child.check()
            self.clock.sleep(TICK_S)

    def _script(self, begun_s: float) -> tuple[ScriptedFault, ...]:
        if self.duration_s is None:
            return SCRIPT
        remaining_s = self.started_s + self.duration_s - begun_s
        return playable(SCRIPT, remaining_s * self.fleet.speed)

    def _has_time_left(self) -> bool:
        if self.duration_s is None:
            return True
        return self.clock.monotonic_s() - self.started_s < self.duration_s

    def _cavity_of(self, fault: ScriptedFault) -> str | None:
        names = self.fleet.cavities
        return None if fault.position is None else names[fault.position % len(names)]

    def _inject(self, control: ControlPort, fault: ScriptedFault) -> None:
        cavity = self._cavity_of(fault)
        request = {
            "fault": fault.fault,
            "severity": fault.severity,
            "ramp_s": fault.ramp_s,
        }
        self._injected.append(
            InjectedFault(
                fault=fault.fault,
                cavity=cavity,
                injected_at=self.clock.now(),
                rules=fault.rules,
                notice_s=fault.notice_s / self.fleet.speed,
            )
        )
        control.ask(request | ({"cavity": cavity} if cavity else {}))
        self.announce(f"fault on         {fault.fault} at {cavity or 'every cavity'}")

    def _clear(self, control: ControlPort, fault: ScriptedFault) -> None:
        cavity = self._cavity_of(fault)
        control.ask({"clear": fault.fault} | ({"cavity": cavity} if cavity else {}))
        self.announce(f"fault off        {fault.fault} at {cavity or 'every cavity'}")

    def _tell_news(self, receiver: WebhookReceiver) -> None:
        messages = receiver.messages()
        for received in messages[self._told_count :]:
            self.announce("webhook          " + "  ".join(describe(received)))
        self._told_count = len(messages)

    def _finish(self, receiver: WebhookReceiver) -> Summary:
        ended_at = self.clock.now()
        poller = self._children.pop("poll")
        stop_child(poller, self.clock)
        self._poller_says = last_document(poller.log)
        self._settle(receiver)
        self._tell_news(receiver)
        received = receiver.messages()
        detections = detect(self._injected, received, ended_at)
        judged = [one for one in detections if not one.is_too_late]
        delays = [one.delay_s for one in detections if one.delay_s is not None]
        counts = self._counts()
        stored, lost = own_sweeps(self._poller_says, counts["sweep_count"])
        return Summary(
            sweeps_stored=stored,
            sweeps_lost=lost,
            diagnoses=counts["diagnosis_count"],
            alerts_raised=counts["alert_count"],
            alerts_delivered=delivered_count(received),
            faults_injected=len(judged),
            faults_detected=sum(one.detected for one in judged),
            faults_too_late=len(detections) - len(judged),
            detection_delay_s=max(delays, default=None),
            vna_to_alert_p99_s=vna_to_alert_p99_s(received),
            faults=detections,
        )

    def _settle(self, receiver: WebhookReceiver) -> None:
        end_s = self.clock.monotonic_s() + SETTLE_DEADLINE_S
        while self.clock.monotonic_s() < end_s:
            counts = self._counts()
            if (
                counts["diagnosis_count"] >= counts["sweep_count"]
                and delivered_count(receiver.messages()) >= counts["alert_count"]
            ):
                return
            self.clock.sleep(TICK_S)

    def _counts(self) -> dict[str, int]:
        counts = self._get("/api/v1/counts")
        del counts["server_time"]
        return {name: int(count) for name, count in counts.items()}

    def _wait(self, what: str, is_there: Callable[[], bool]) -> None:
        end_s = self.clock.monotonic_s() + READY_DEADLINE_S
        while not is_there():
            for child in self._children.values():
                child.check()
            if self.clock.monotonic_s() > end_s:
                raise DemoFailedError(f"{what} was not there in {READY_DEADLINE_S:g} s")
            self.clock.sleep(TICK_S)

    def _answers(self, path: str) -> bool:
        try:
            return httpx.get(self.url + path, timeout=2.0).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def _get(self, path: str) -> Any:
        reply = httpx.get(self.url + path, timeout=10.0)
        reply.raise_for_status()
        return reply.json()


def last_document(log: Path) -> dict[str, Any]:
    """Read the JSON document that ends a log.

    Raises
    ------
    DemoFailedError
        If the log does not end in one.
    """
    text = log.read_text(errors="replace")
    start = text.rfind("\n{") + 1 if "\n{" in text else text.find("{")
    try:
        return dict(json.loads(text[start:]))
    except ValueError:
        raise DemoFailedError(
            f"halowatch {log.stem} ended without its summary:\n{text[-500:]}"
        ) from None
