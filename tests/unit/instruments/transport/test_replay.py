"""Replayed conversations hold a driver to every word."""

import pytest

from instruments.errors import InstrumentTimeoutError, NotConnectedError
from instruments.transport import (
    Exchange,
    RecordingWire,
    ReplayWire,
    TranscriptError,
    read_transcript,
    write_transcript,
)

CONVERSATION = [
    Exchange("*IDN?", "Maker,Model,1,2"),
    Exchange("SET 1"),
    Exchange("BARE?\r", "1\r"),
    Exchange("DATA?", b"\x00\xff\n"),
    Exchange("SLOW?", failure="timeout"),
    Exchange("GONE?", failure="closed"),
]


def test_conversation_survives_its_file(tmp_path):
    path = tmp_path / "talk.txt"
    write_transcript(path, CONVERSATION)
    assert read_transcript(path) == CONVERSATION


def test_replay_answers_in_order_and_fails_where_recorded():
    wire = ReplayWire(CONVERSATION)
    assert wire.query("*IDN?") == "Maker,Model,1,2"
    wire.write("SET 1")
    assert wire.query("BARE?\r") == "1\r"
    assert wire.query_block("DATA?") == b"\x00\xff\n"
    with pytest.raises(InstrumentTimeoutError):
        wire.query("SLOW?")
    with pytest.raises(NotConnectedError):
        wire.query("GONE?")
    assert wire.remaining == 0
    with pytest.raises(TranscriptError, match="ends before"):
        wire.write("MORE")
    wire.close()
    with pytest.raises(NotConnectedError, match="closed"):
        wire.write("MORE")


def test_replay_refuses_another_message_or_another_form():
    with pytest.raises(TranscriptError, match="transcript has"):
        ReplayWire(CONVERSATION).query("*OPT?")
    with pytest.raises(TranscriptError, match="another form"):
        ReplayWire(CONVERSATION).query_block("*IDN?")


def test_recording_gives_the_conversation_back():
    recorder = RecordingWire(ReplayWire(CONVERSATION[:4]))
    recorder.query("*IDN?")
    recorder.write("SET 1")
    recorder.query("BARE?\r")
    recorder.query_block("DATA?")
    recorder.close()
    assert recorder.exchanges == CONVERSATION[:4]


@pytest.mark.parametrize("text", ["< reply first\n", "> a\n<# !!\n", "> a\nhello\n"])
def test_other_lines_are_refused(tmp_path, text):
    path = tmp_path / "talk.txt"
    path.write_text(text)
    with pytest.raises(TranscriptError):
        read_transcript(path)
