"""Messages of a VISA library that nobody can install here, as it hands them out."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyvisa.constants import StatusCode

from instruments.errors import GarbledReplyError, InstrumentTimeoutError
from instruments.transport.messages import VisaMessages


class Library:
    """Hands out one message in reads that end at newlines, or at its end."""

    def __init__(self, message, *, stops_at_newlines):
        self.rest = message
        self.stops_at_newlines = stops_at_newlines
        self.visalib = self
        self.session = 1

    @contextlib.contextmanager
    def ignore_warning(self, *codes):
        yield

    def read(self, session, count):
        assert count > 0
        at = self.rest.find(b"\n") + 1 if self.stops_at_newlines else 0
        taken = self.rest[: min(count, at or count)]
        self.rest = self.rest[len(taken) :]
        if at and len(taken) == at:
            return taken, StatusCode.success_termination_character_read
        if self.rest or len(taken) == count:
            return taken, StatusCode.success_max_count_read
        return taken, StatusCode.success


def soon():
    return time.monotonic() + 5.0


def block(payload, end=b"\n"):
    length = str(len(payload)).encode()
    return b"#%d" % len(length) + length + payload + end


@pytest.mark.parametrize("marks_end", [True, False])
@given(st.binary(max_size=3000), st.integers(0, 4000))
def test_block_comes_whole_whatever_was_expected(marks_end, payload, likely_bytes):
    library = Library(block(payload), stops_at_newlines=not marks_end)
    messages = VisaMessages(library, marks_end=marks_end)
    assert messages.read_block(soon(), likely_bytes) == payload
    assert library.rest == b""


def test_message_may_end_without_a_newline():
    library = Library(block(b"12345678", end=b""), stops_at_newlines=False)
    messages = VisaMessages(library, marks_end=True)
    assert messages.read_block(soon(), 8) == b"12345678"


@pytest.mark.parametrize("message", [b"#", b"#41000abc\n", b"#15hellox\n", b"text\n"])
def test_what_is_no_whole_block_is_garbled(message):
    messages = VisaMessages(Library(message, stops_at_newlines=False), marks_end=True)
    with pytest.raises(GarbledReplyError):
        messages.read_block(soon(), 8)


def test_nothing_is_read_after_the_deadline():
    messages = VisaMessages(Library(b"1\n", stops_at_newlines=False), marks_end=True)
    with pytest.raises(InstrumentTimeoutError):
        messages.read_line(time.monotonic() - 1.0, 100)


def test_long_line_is_put_together():
    text = b"1," * 5000
    library = Library(text + b"\n", stops_at_newlines=True)
    messages = VisaMessages(library, marks_end=False)
    assert messages.read_line(soon(), 20_000) == text + b"\n"
    library = Library(text + b"\n", stops_at_newlines=True)
    with pytest.raises(GarbledReplyError, match="exceeds"):
        VisaMessages(library, marks_end=False).read_line(soon(), 1000)
