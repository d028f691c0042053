"""Every dialect, word for word, against what an instrument of its family answered."""

from dataclasses import replace

import pytest

from instruments.measurement import SweepPlan, SweepPurpose, TruthFlag
from instruments.measurement.segments import FineWindow, fine_sweeps
from instruments.transport import ReplayWire, Transport, read_transcript
from instruments.vna import DIALECTS, VectorNetworkAnalyzer

NAMES = [dialect.name for dialect in DIALECTS]
WINDOW = FineWindow(
    resonant_frequency_hz=5.1e9, loaded_q=8000.0, span_linewidths=10.0, point_count=4
)
PLAN = SweepPlan(
    cavity="cavity-1",
    purpose=SweepPurpose.WIDE,
    start_frequency_hz=5.0e9,
    stop_frequency_hz=5.2e9,
    point_count=5,
    s_parameters=("S21", "S11"),
    if_bandwidth_hz=1000.0,
    source_power_dbm=-20.0,
)
AVERAGED = replace(
    PLAN, s_parameters=("S21:reflection",), averaging_count=3, if_bandwidth_hz=100.0
)


class PassingClock:
    """A clock that goes on by itself, as while a message is on its way."""

    def __init__(self, clock):
        self._clock = clock

    def now(self):
        return self._clock.now()

    def sleep(self, duration_s):
        self._clock.step(duration_s)

    def monotonic_s(self):
        self._clock.step(0.15)
        return self._clock.monotonic_s()


def converse(wire, clock):
    """Connect, sweep in every way, fall silent, sweep again and release."""
    vna = VectorNetworkAnalyzer(wire, clock=clock)
    vna.connect()
    sweeps = [vna.acquire(plan) for plan in (PLAN, PLAN, AVERAGED)]
    segmented = replace(PLAN, point_count=8)
    plans = fine_sweeps(segmented, WINDOW, vna.segment_limits)
    sweeps += [vna.acquire(plan) for plan in plans]
    is_silent = vna.quiet()
    sweeps.append(vna.acquire(PLAN))
    vna.release()
    return sweeps, is_silent


@pytest.mark.parametrize("name", NAMES)
def test_conversation_is_spoken_word_for_word(root, clock, name):
    folder = root / "tests/data/transcripts"
    exchanges = read_transcript(folder / f"{name}.txt")
    wire = ReplayWire(exchanges, transport=Transport.SOCKET)
    sweeps, is_silent = converse(wire, PassingClock(clock))
    assert wire.remaining == 0
    assert is_silent is (name != "siglent_sna")
    assert sum(sweep.point_count for sweep in sweeps[3:-1]) == 8
    for sweep in sweeps:
        assert not set(sweep.flags) - {TruthFlag.REPEATED_TRACE}
    assert sweeps[2].settings.averaging_count == 3
