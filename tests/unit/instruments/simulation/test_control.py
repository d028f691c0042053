import asyncio
import json
from contextlib import suppress

import pytest

from instruments.clock import SystemClock
from instruments.simulation.array import EmulatedArray
from instruments.simulation.control import ControlPort
from instruments.simulation.faults import COUNTED_FAULTS, WIRE_FAULTS
from instruments.simulation.vna.instrument import build_vna


@pytest.fixture
def array(array_config):
    return EmulatedArray(array_config, clock=SystemClock())


@pytest.fixture
def ask(array):
    control = ControlPort(array)

    def send(request):
        line = request if isinstance(request, bytes) else json.dumps(request).encode()
        answer = control.answer(line)
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer
        return answer

    return send


def test_fault_is_injected_told_and_cleared(ask):
    answer = ask(
        {
            "fault": "circulator_stray_field",
            "cavity": "cavity-2",
            "severity": 0.6,
            "ramp_s": 20,
        }
    )
    assert answer["ok"]
    assert answer["at"].endswith("+00:00")
    (fault,) = ask({"truth": True})["faults"]
    assert (fault["fault"], fault["cavity"]) == ("circulator_stray_field", "cavity-2")
    assert (fault["severity"], fault["ramp_s"]) == (0.6, 20.0)
    assert fault["injected_at"] == answer["at"]
    assert fault["cleared_at"] is None
    assert ask({"clear": "circulator_stray_field"})["cleared"] == 1
    assert ask({"truth": True})["faults"][0]["cleared_at"] is not None
    assert ask({"clear": "all"})["cleared"] == 0


def test_state_tells_what_every_cavity_is_in(ask):
    ask({"fault": "amplifier_fault", "vna": "vna-1", "severity": 0.5})
    ask({"fault": "loose_connector", "cavity": "cavity-2", "connector": 2})
    state = ask({"state": True})["state"]
    assert state["temperature_k"] == pytest.approx(4.0, rel=0.05)
    assert state["cavities"]["cavity-1"]["amplifier_bias"] == pytest.approx(0.55)
    assert state["cavities"]["cavity-2"]["connector"] == 2


def test_wire_faults_take_counts_and_delays(ask, array):
    ask({"fault": "garbage", "cavity": "cavity-1"})
    ask({"fault": "drop_mid_block", "cavity": "cavity-1", "count": 3})
    ask({"fault": "delay", "vna": "vna-2", "delay_s": 0.25})
    ask({"fault": "vna_silent", "cavity": "cavity-2", "ramp_s": 5})
    garbage, drop, delay, silent = array.faults.truth()
    assert (garbage.reply_count, drop.reply_count) == (1, 3)
    assert (delay.delay_s, delay.reply_count) == (0.25, None)
    assert silent.ramp_s == 0.0


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (b"{", "is no JSON"),
        (b"[1]", "must be an object"),
        (b"\xff\xfe", "is no JSON"),
        ({}, "needs one of fault, clear, truth, state, operator"),
        ({"fault": "gremlins", "cavity": "cavity-1"}, "'gremlins' is no fault"),
        ({"fault": ["x"]}, "is no fault"),
        ({"fault": "amplifier_fault", "cavity": "c9"}, "c9 is no cavity"),
        ({"fault": "amplifier_fault", "vna": "vna-9"}, "vna-9 looks at no cavity"),
        (
            {"fault": "garbage", "vna": "vna-1", "cavity": "cavity-1"},
            "a cavity or a vna",
        ),
        (
            {"fault": "amplifier_fault", "cavity": "cavity-1", "severity": "much"},
            "severity must be a number",
        ),
        (
            {"fault": "amplifier_fault", "cavity": "cavity-1", "severity": 2},
            "takes above 0 to 1",
        ),
        (
            {"fault": "loose_connector", "cavity": "cavity-1", "connector": 1.5},
            "takes a whole number",
        ),
        (
            {"fault": "loose_connector", "cavity": "cavity-1", "ramp_s": -4},
            "ramp_s is -4",
        ),
        ({"fault": "fridge_warming", "loudness": 3}, "'loudness' is not known"),
        ({"clear": "all", "cavity": "c9"}, "c9 is no cavity"),
        ({"clear": "noise"}, "'noise' is no fault"),
        ({"truth": True, "x": 1}, "'x' is not known"),
    ],
)
def test_bad_request_gets_one_sentence(request_, sentence, ask, array):
    answer = ask(request_)
    assert answer["ok"] is False
    assert sentence in answer["error"]
    assert "\n" not in answer["error"]
    assert array.faults.truth() == ()


def test_port_answers_line_by_line(array):
    async def run():
        control = ControlPort(array)
        port = await control.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b'{"fault": "fridge_warming"}\n\nnonsense\n{"truth": true}\n')
        lines = [
            json.loads(await asyncio.wait_for(reader.readline(), 60)) for _ in range(3)
        ]
        writer.write(b"x" * 200_000 + b"\n")
        rest = b""
        # The connection ends; whether by an end or a reset is up to the system.
        with suppress(ConnectionResetError):
            rest = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        await control.close()
        return lines, rest

    lines, rest = asyncio.run(run())
    assert [line["ok"] for line in lines] == [True, False, True]
    assert lines[2]["faults"][0]["cavity"] is None
    assert rest == b""


@pytest.fixture
def operated(array_config):
    """Ask a control port that knows a VNA, inside its event loop."""

    def run(*requests):
        async def main():
            array = EmulatedArray(array_config, clock=SystemClock())
            vna = build_vna(array, "vna-1")
            control = ControlPort(array, {"vna-1": vna})
            try:
                answers = [
                    control.answer(json.dumps(request).encode()) for request in requests
                ]
                await asyncio.sleep(0)
                return answers
            finally:
                vna.close()

        return asyncio.run(main())

    return run


def test_operator_changes_settings_behind_the_drivers_back(operated):
    changed, asked = operated(
        {"operator": "SENS1:BWID 3000", "vna": "vna-1"},
        {"operator": "SENS1:BWID?;*OPC?", "vna": "vna-1"},
    )
    assert changed == {"ok": True, "reply": None}
    assert asked["reply"] == "+3.00000000000E+003;+1"


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"operator": "*IDN?", "vna": "vna-9"}, "vna-9 is no VNA; there are vna-1"),
        ({"operator": "*IDN?"}, "None is no VNA"),
        ({"operator": 5, "vna": "vna-1"}, "takes a message of up to 4096 letters"),
        ({"operator": "x" * 5000, "vna": "vna-1"}, "takes a message"),
        ({"operator": "SENS1:SWE:MODE SING;*OPC?", "vna": "vna-1"}, "waits for a"),
        ({"operator": "*CLS", "vna": "vna-1", "by": "me"}, "'by' is not known"),
    ],
)
def test_operator_is_refused_in_one_sentence(request_, sentence, operated):
    (answer,) = operated(request_)
    assert not answer["ok"]
    assert sentence in answer["error"]


@pytest.mark.parametrize("kind", sorted(WIRE_FAULTS))
def test_every_fault_of_a_vna_can_be_injected_and_cleared(kind, ask, array):
    assert ask({"fault": kind, "vna": "vna-1"})["ok"]
    (fault,) = array.faults.truth()
    assert fault.cavity == "cavity-1"
    assert fault.reply_count == (1 if kind in COUNTED_FAULTS else None)
    assert ask({"clear": kind, "vna": "vna-1"})["cleared"] == 1
