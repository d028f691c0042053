"""A PNA in memory: settings, traces, a sweep that takes time, an error queue."""

import numpy as np
import pytest

from instruments.errors import InstrumentTimeoutError
from instruments.measurement import SweepPlan, SweepPurpose
from instruments.scpi import parse_number
from instruments.transport import Transport

IDENTITY = "Keysight Technologies,N5222B,MY0001,A.13.95.09"


class PnaWire:
    """Answers as a PNA does; ``overrides`` replaces the answer to a query."""

    def __init__(self, clock):
        self.clock = clock
        self.sent = []
        self.overrides = {}
        self.errors = []
        self.traces = {}
        self.selected = self.active = None
        self.ends_at_s = 0.0
        self.sweep_time_s = None
        self.is_closed = False
        self.state = {
            "SENS30:FREQ:STAR": "+1.00000000000E+007",
            "SENS30:FREQ:STOP": "+2.60000000000E+010",
            "SENS30:SWE:POIN": "+201",
            "SENS30:BWID": "+1.00000000000E+005",
            "SENS30:SWE:TYPE": "LIN",
            "SENS30:SWE:GRO:COUN": "1",
            "SOUR30:POW1": "-5",
            "SENS30:AVER:STAT": "0",
            "SENS30:AVER:COUN": "1",
            "FORM": "ASC,+0",
            "FORM:BORD": "NORM",
            "OUTP": "0",
            "TRIG:SOUR": "MAN",
            "SENS30:SWE:MODE": "HOLD",
            "SENS1:SWE:MODE": "CONT",
            "SENS2:SWE:MODE": "HOLD",
        }

    transport = Transport.HISLIP

    def write(self, message):
        assert self._run(message) == []

    def query(self, message, expected=None):
        replies = self._run(message)
        assert replies, message
        return ";".join(replies)

    def query_block(self, message, likely_bytes=0):
        (reply,) = self._run(message)
        assert isinstance(reply, bytes), message
        return reply

    def close(self):
        self.is_closed = True

    def _run(self, message):
        self.sent.append(message)
        parts = message.replace(";*", ";:*").split(";:")
        return [reply for part in parts if (reply := self._answer(part)) is not None]

    def _answer(self, part):
        if part in self.overrides:
            answer = self.overrides[part]
            return answer() if callable(answer) else answer
        header, _, value = part.partition(" ")
        if header.endswith("?"):
            return self._query(header[:-1])
        return self._set(header, value)

    def _set(self, header, value):
        if header == "CALC30:PAR:EXT":
            name, parameter = value.replace("'", "").split(",")
            self.traces[name] = parameter
        elif header == "CALC30:PAR:DEL":
            del self.traces[value.strip("'")]
        elif header == "CALC30:PAR:SEL":
            self.selected = self.traces[value.strip("'")]
        elif header == "CALC1:PAR:SEL":
            self.active = value
        elif header == "SENS30:SWE:MODE" and value in ("SING", "GRO"):
            self.state[header] = value
            self.ends_at_s = self.clock.monotonic_s() + self.duration_s(value)
        elif header in self.state:
            self.state[header] = value
        else:
            assert header.startswith(("DISP:WIND1:TRAC", "SENS30:AVER:CLE")), header

    def duration_s(self, mode):
        sources = {parameter[2] for parameter in self.traces.values()}
        count = int(self.state["SENS30:SWE:GRO:COUN"]) if mode == "GRO" else 1
        return self.pass_s() * len(sources) * count

    def pass_s(self):
        points, width = self.state["SENS30:SWE:POIN"], self.state["SENS30:BWID"]
        return parse_number(points) / parse_number(width)

    def axis(self):
        start, stop = self.state["SENS30:FREQ:STAR"], self.state["SENS30:FREQ:STOP"]
        return np.linspace(
            float(start), float(stop), int(self.state["SENS30:SWE:POIN"])
        )

    def trace(self, parameter):
        return np.exp(1j * self.axis() / 1e9) * (0.1 + int(parameter[1:]) / 100)

    def _query(self, header):
        mode = self.state["SENS30:SWE:MODE"]
        if mode in ("SING", "GRO") and self.clock.monotonic_s() >= self.ends_at_s:
            self.state["SENS30:SWE:MODE"] = "HOLD"
        if header in self.state:
            return self.state[header]
        answers = {
            "*IDN": lambda: IDENTITY,
            "*OPC": self._complete,
            "SYST:ERR": lambda: self.errors.pop(0) if self.errors else '+0,"No error"',
            "SENS30:SWE:TIME": lambda: f"{self.sweep_time_s or self.pass_s():+.11E}",
            "SYST:CHAN:CAT": self._channels,
            "SYST:ACT:CHAN": lambda: "+1",
            "SYST:ACT:MEAS": lambda: '"CH1_S11_1"',
            "CALC30:PAR:CAT:EXT": self._catalog,
            "SENS30:X": lambda: self._block(self.axis()),
            "CALC30:DATA": self._data,
        }
        if header not in answers:
            raise InstrumentTimeoutError(f"no reply to {header}?")
        return answers[header]()

    def _complete(self):
        self.clock.step(max(self.ends_at_s - self.clock.monotonic_s(), 0.0))
        return "+1"

    def _channels(self):
        return '"1,2,30"' if self.traces else '"1,2"'

    def _catalog(self):
        pairs = ",".join(
            f"{name},{parameter}" for name, parameter in self.traces.items()
        )
        return f'"{pairs or "NO CATALOG"}"'

    def _data(self):
        assert self.state["SENS30:SWE:MODE"] == "HOLD"
        return self._block(self.trace(self.selected))

    def _block(self, numbers):
        assert self.state["FORM"] == "REAL,64"
        assert self.state["FORM:BORD"] == "SWAP"
        return numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()


@pytest.fixture
def pna(clock):
    return PnaWire(clock)


@pytest.fixture
def wide_plan():
    return SweepPlan(
        cavity="cavity-1",
        purpose=SweepPurpose.WIDE,
        start_frequency_hz=4e9,
        stop_frequency_hz=8e9,
        point_count=11,
        s_parameters=("S21", "S23", "S11"),
        if_bandwidth_hz=10.0,
        source_power_dbm=-20.0,
    )


@pytest.fixture
def narrow_plan():
    return SweepPlan(
        cavity="cavity-1",
        purpose=SweepPurpose.TRANSMISSION,
        start_frequency_hz=5.0999e9,
        stop_frequency_hz=5.1001e9,
        point_count=5,
        s_parameters=("S21",),
        if_bandwidth_hz=100.0,
        source_power_dbm=-20.0,
        averaging_count=4,
    )
