import numpy as np
import pytest

READY = (
    "VNA:FREQ:START 4.0e9",
    "VNA:FREQ:STOP 6.0e9",
    "VNA:ACQ:POINTS 51",
    "VNA:ACQ:IFBW 1000",
    "VNA:TRAC:NEW mine",
    "VNA:TRAC:PARAM mine S21",
)


async def finish(desk):
    for _ in range(2000):
        if await desk.ask("VNA:ACQ:FIN?") == "TRUE":
            return
        await desk.ask("*WAI")
    raise AssertionError("the sweep never finished")


def test_single_sweep_is_text_in_triples(on_desk):
    async def talk(desk):
        for message in (*READY, "VNA:ACQ:SINGLE TRUE"):
            await desk.ask(message)
        await finish(desk)
        text = await desk.ask("VNA:TRAC:DATA? mine")
        assert await desk.ask("VNA:ACQ:SINGLE?") == "TRUE"
        return text, desk.truth("S21"), await desk.errors()

    text, truth, errors = on_desk("librevna", talk)
    assert errors == []
    assert text.startswith("[4000000000,")
    numbers = [float(one) for one in text.replace("[", "").replace("]", "").split(",")]
    axis_hz, real, imaginary = np.reshape(numbers, (-1, 3)).T
    np.testing.assert_allclose(axis_hz, np.linspace(4e9, 6e9, 51))
    np.testing.assert_allclose(real + 1j * imaginary, truth, rtol=1e-9)


def test_average_is_finished_at_its_level(on_desk):
    async def talk(desk):
        for message in (*READY, "VNA:ACQ:AVG 4", "VNA:ACQ:SINGLE TRUE"):
            await desk.ask(message)
        began = await desk.ask("VNA:ACQ:RUN?")
        await finish(desk)
        return began, await desk.ask("VNA:ACQ:AVGLEV?"), await desk.ask("VNA:ACQ:AVG?")

    assert on_desk("librevna", talk) == ("TRUE", "4", "4")


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("VNA:FREQ:CENT 5e9;:VNA:FREQ:SPAN 1e8;:VNA:FREQ:START?", "4950000000"),
        ("VNA:ACQ:IFBW 1234;IFBW?", "1234"),
        ("VNA:STIM:LVL -20;LVL?", "-20"),
        ("VNA:TRAC:NEW b;LIST?;DEL b;LIST?", "S11,b;S11"),
        ("VNA:TRAC:PARAM? S11", "S11"),
        ("VNA:ACQ:STOP;RUN?", "FALSE"),
        ("VNA:ACQ:STOP;SINGLE FALSE;RUN;RUN?", "TRUE"),
        ("DEV:MODE VNA;MODE?", "VNA"),
        ("DEV:CONN 1;REF:IN EXT;IN?", "EXT"),
        ("DEV:STA:UNLO?", "FALSE"),
        ("DEV:INF:LIM:MAXF?;MAXP?", "6000000000;4501"),
        ("VNA:SWEEP FREQUENCY;SWEEP?;SWEEPTYPE?", "FREQUENCY;LIN"),
    ],
)
def test_words_of_its_own(message, reply, on_desk):
    assert on_desk("librevna", lambda desk: desk.ask(message)) == reply


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("VNA:TRAC:PARAM S11", -109),
        ("VNA:TRAC:PARAM S11 S31", -224),
        ("VNA:TRAC:DATA? nobody", -221),
        ("DEV:MODE SA", -224),
        ("VNA:FREQ:STOP 9e9", -222),
        ("SENS1:FREQ:STAR 4e9", -113),
    ],
)
def test_what_it_does_not_know_is_refused(message, number, on_desk):
    async def talk(desk):
        await desk.ask(message)
        return await desk.errors()

    assert on_desk("librevna", talk) == [number]
