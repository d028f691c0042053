"""The control port: JSON lines that switch faults on and off and tell the truth."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from instruments.simulation.array import EmulatedArray
from instruments.simulation.faults import (
    COUNTED_FAULTS,
    WIRE_FAULTS,
    Fault,
    FaultKind,
    FaultRefusedError,
)
from instruments.simulation.fronts.sessions import LoopbackServer
from instruments.simulation.scpi.device import ScpiDevice
from instruments.simulation.switches.control import answer_switch

MAX_LINE_BYTES = 64 * 1024
"""Longest request."""

DEFAULT_DELAY_S = 1.0
"""Delay in real seconds of a delay fault that names none."""

_FAULT_KEYS = {
    "fault",
    "cavity",
    "vna",
    "severity",
    "ramp_s",
    "connector",
    "delay_s",
    "count",
}
_CLEAR_KEYS = {"clear", "cavity", "vna"}
_OPERATOR_KEYS = {"operator", "vna"}
MAX_OPERATOR_LENGTH = 4096
"""Longest message that is handed to a VNA, in letters."""


class ControlPort(LoopbackServer):
    """Answers requests about an emulated array, one JSON document a line."""

    line_limit_bytes = MAX_LINE_BYTES

    def __init__(
        self, array: EmulatedArray, vnas: Mapping[str, ScpiDevice] | None = None
    ) -> None:
        super().__init__()
        self._array = array
        self._vnas = dict(vnas or {})
        self._verbs: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "fault": self._inject,
            "clear": self._clear,
            "truth": self._truth,
            "state": self._state,
            "operator": self._operate,
            "switch": lambda request: answer_switch(array.boxes, request),
        }

    def answer(self, line: bytes) -> dict[str, Any]:
        """Answer one request; a bad one with one sentence."""
        try:
            request = json.loads(line)
        except ValueError:
            return _refusal("the request is no JSON; send one object a line")
        if not isinstance(request, dict):
            return _refusal('the request must be an object such as {"state": true}')
        verb = next((name for name in self._verbs if name in request), None)
        if verb is None:
            return _refusal(f"the request needs one of {', '.join(self._verbs)}")
        try:
            return {"ok": True} | self._verbs[verb](request)
        except FaultRefusedError as error:
            return _refusal(str(error))

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ValueError):
            while line := await reader.readline():
                if line.strip():
                    writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                    await writer.drain()

    def _inject(self, request: Mapping[str, Any]) -> dict[str, Any]:
        _refuse_unknown(request, _FAULT_KEYS)
        kind = _kind(request["fault"])
        is_wire = kind in WIRE_FAULTS
        count = _number(request, "count", 1 if kind in COUNTED_FAULTS else 0)
        fault = self._array.inject(
            kind,
            self._cavity(request),
            severity=_number(request, "severity", 1.0),
            ramp_s=_number(request, "ramp_s", 0.0),
            connector_index=_whole(request, "connector"),
            delay_s=_number(request, "delay_s", DEFAULT_DELAY_S)
            if kind is FaultKind.DELAY
            else 0.0,
            reply_count=int(count) or None if is_wire else None,
        )
        return {"at": fault.injected_at.isoformat(), "emulated_s": fault.onset_s}

    def _clear(self, request: Mapping[str, Any]) -> dict[str, Any]:
        _refuse_unknown(request, _CLEAR_KEYS)
        wanted = request["clear"]
        kind = None if wanted in (True, "all") else _kind(wanted)
        cavity = self._cavity(request)
        if cavity is not None and cavity not in self._array.cavities:
            known = ", ".join(self._array.cavities)
            raise FaultRefusedError(f"{cavity} is no cavity; there are {known}")
        cleared = self._array.clear(kind, cavity)
        return {
            "at": self._array.wall_time().isoformat(),
            "emulated_s": self._array.now_s(),
            "cleared": len(cleared),
        }

    def _truth(self, request: Mapping[str, Any]) -> dict[str, Any]:
        _refuse_unknown(request, {"truth"})
        return {"faults": [_describe(fault) for fault in self._array.faults.truth()]}

    def _state(self, request: Mapping[str, Any]) -> dict[str, Any]:
        _refuse_unknown(request, {"state"})
        now_s = self._array.now_s()
        return {
            "state": {
                "emulated_s": now_s,
                "speed": self._array.speed,
                "temperature_k": self._array.temperature_k(now_s),
                "cavities": {
                    name: self._describe_cavity(name, now_s)
                    for name in self._array.cavities
                },
            }
        }

    def _operate(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Hand a VNA a message as its operator would, and return its replies."""
        _refuse_unknown(request, _OPERATOR_KEYS)
        message, name = request["operator"], str(request.get("vna"))
        if not isinstance(message, str) or len(message) > MAX_OPERATOR_LENGTH:
            raise FaultRefusedError(
                f"operator takes a message of up to {MAX_OPERATOR_LENGTH} letters"
            )
        if name not in self._vnas:
            known = ", ".join(self._vnas) or "none"
            raise FaultRefusedError(f"{name[:40]} is no VNA; there are {known}")
        execution = self._vnas[name].begin(message.encode())
        if not execution.is_done:
            execution.start().cancel()
            raise FaultRefusedError("the message waits for a sweep; leave *OPC? out")
        reply = execution.reply
        return {
            "reply": None if reply is None else reply.decode(errors="replace").rstrip()
        }

    def _describe_cavity(self, name: str, now_s: float) -> dict[str, Any]:
        state = self._array.receiver_state(name, now_s)
        return {
            "vna": self._array.cavities[name].vna,
            "magnetic_field_tesla": state.point.magnetic_field_tesla,
            "resonant_frequency_hz": state.resonant_frequency_hz,
            "loaded_q": state.loaded_q,
            "coupling_beta": state.coupling_beta,
            "connector": state.strain.connector_index,
            "connector_severity": state.strain.connector_severity,
            "amplifier_bias": state.point.hemt_bias_ratio,
        }

    def _cavity(self, request: Mapping[str, Any]) -> str | None:
        if "vna" not in request:
            cavity = request.get("cavity")
            return None if cavity is None else str(cavity)
        if "cavity" in request:
            raise FaultRefusedError("name a cavity or a vna, not both")
        found = self._array.cavity_of(str(request["vna"]))
        if found is None:
            raise FaultRefusedError(f"{request['vna']} looks at no cavity")
        return found.name


def _refusal(sentence: str) -> dict[str, Any]:
    return {"ok": False, "error": sentence}


def _refuse_unknown(request: Mapping[str, Any], known: set[str]) -> None:
    for key in request:
        if key not in known:
            taken = ", ".join(sorted(known))
            raise FaultRefusedError(f"{str(key)[:40]!r} is not known; it takes {taken}")


def _kind(name: Any) -> FaultKind:
    if not isinstance(name, str) or name not in list(FaultKind):
        known = ", ".join(FaultKind)
        raise FaultRefusedError(f"{str(name)[:40]!r} is no fault; there are {known}")
    return FaultKind(name)


def _number(request: Mapping[str, Any], key: str, default: float) -> float:
    value = request.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FaultRefusedError(f"{key} must be a number")
    if not 0.0 <= value <= 1.0e9:
        raise FaultRefusedError(f"{key} is {value}, takes 0 to 1e9")
    return float(value)


def _whole(request: Mapping[str, Any], key: str) -> int | None:
    if request.get(key) is None:
        return None
    value = _number(request, key, 0.0)
    if value != int(value):
        raise FaultRefusedError(f"{key} is {value}, takes a whole number")
    return int(value)


def _describe(fault: Fault) -> dict[str, Any]:
    return {
        "fault": fault.kind.value,
        "cavity": fault.cavity,
        "severity": fault.severity,
        "ramp_s": fault.ramp_s,
        "connector": fault.connector_index,
        "delay_s": fault.delay_s,
        "count": fault.reply_count,
        "injected_at": fault.injected_at.isoformat(),
        "emulated_s": fault.onset_s,
        "cleared_at": fault.cleared_at and fault.cleared_at.isoformat(),
        "cleared_emulated_s": fault.cleared_s,
    }
