import asyncio

import pytest

from instruments.simulation.scpi.device import ScpiDevice
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.scpi.status import MAX_ERRORS, Event, Status


class Lamp(ScpiDevice):
    """A device with one number, one switch and one refusing command."""

    def __init__(self):
        super().__init__("Maker,Lamp,1,0")
        self.level = 0.0
        self.is_on = False
        self.add("LAMP#:LEVel", query=lambda call: f"{self.level}", command=self.set)
        self.add("LAMP#[:STATe]", query=lambda _: str(int(self.is_on)), command=self.on)
        self.add("LAMP#:NAME", command=lambda call: call.arguments.string())

    def set(self, call):
        self.level = call.arguments.number(0.0, 1e9)

    def on(self, call):
        self.is_on = call.arguments.truth()


def ask(*messages):
    async def run():
        lamp = Lamp()
        replies = [await lamp.execute(message.encode()) for message in messages]
        return lamp, replies

    return asyncio.run(run())


def test_replies_of_one_message_are_joined():
    _, (reply,) = ask("LAMP:LEV 2.5;LEV?;*IDN?")
    assert reply == b"2.5;Maker,Lamp,1,0\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [("10MHz", 1e7), ("1e3", 1e3), ("MIN", 0.0), ("MAX", 1e9), ("+.5 kHz", 500.0)],
)
def test_numbers_with_units_and_limits(text, value):
    lamp, _ = ask(f"LAMP1:LEVEL {text}")
    assert lamp.level == pytest.approx(value)


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("NONSENSE?", -113),
        ("LAMP:LEV?:X", -102),
        ("LAMP:LEV nine", -104),
        ("LAMP:LEV 5 parsec", -131),
        ("LAMP:LEV -1", -222),
        ("LAMP:LEV", -109),
        ("LAMP:LEV 1,2", -108),
        ("LAMP:STAT maybe", -224),
        ("LAMP:NAME 'open", -151),
        ("LAMP:LEV7 1", -114),
        ("LAMP:LEV \xb5", -101),
    ],
)
def test_bad_command_gets_no_reply_and_one_error(message, number):
    lamp, replies = ask(message.encode("latin-1").decode("latin-1"), "SYST:ERR?")
    assert replies[0] is None
    assert replies[1].startswith(f"{number:+d},".encode())
    assert lamp.status.error_count == 0


def test_execution_error_does_not_stop_the_message_and_command_error_does():
    _, (reply,) = ask("LAMP:LEV -1;LEV?")
    assert reply == b"0.0\n"
    _, (reply,) = ask("LAMP:LEV nine;LEV?")
    assert reply is None


def test_event_register_summary_and_service_request():
    _, replies = ask(
        "*CLS;*ESE 32;*SRE 36", "*STB?", "FOO", "*STB?", "*ESR?;*STB?", "*CLS;*STB?"
    )
    assert replies[1] == b"+0\n"
    assert replies[3] == b"+100\n"
    assert replies[4] == b"+32;+68\n"
    assert replies[5] == b"+0\n"


def test_power_on_shows_until_it_is_read():
    _, (first, second) = ask("*ESR?", "*ESR?")
    assert (first, second) == (b"+128\n", b"+0\n")


def test_masks_and_self_test_are_given_back():
    _, (reply,) = ask("*ESE 49;*SRE 255;*ESE?;*SRE?;*TST?;*OPT?;SYST:ERR:COUN?")
    assert reply == b'+49;+191;+0;"0";+0\n'


def test_error_queue_overflows_at_its_end():
    status = Status()
    for _ in range(MAX_ERRORS + 5):
        status.report(ScpiFault(-222, "Data out of range"))
    numbers = [status.next_error()[0] for _ in range(MAX_ERRORS)]
    assert numbers == [-222] * (MAX_ERRORS - 1) + [-350]
    assert status.next_error() == (0, "No error")


def test_operation_complete_is_deferred_until_idle():
    async def run():
        lamp = Lamp()
        await lamp.execute(b"*CLS")
        lamp.set_busy()
        await lamp.execute(b"*OPC")
        before = await lamp.execute(b"*ESR?")
        waiting = asyncio.create_task(lamp.execute(b"*WAI;*OPC?"))
        await asyncio.sleep(0)
        assert not waiting.done()
        lamp.set_idle()
        reply = await asyncio.wait_for(waiting, 60)
        after = await lamp.execute(b"*ESR?")
        return before, reply, after

    before, reply, after = asyncio.run(run())
    assert before == b"+0\n"
    assert reply == b"+1\n"
    assert after == f"{int(Event.OPERATION_COMPLETE):+d}\n".encode()


def test_clear_takes_an_announcement_back():
    async def run():
        lamp = Lamp()
        lamp.set_busy()
        await lamp.execute(b"*OPC;*CLS")
        lamp.set_idle()
        return await lamp.execute(b"*ESR?;*TRG;*RST;*ESR?")

    assert asyncio.run(run()) == b"+0;+0\n"
