"""Laws of the emulators: whatever is sent, they go on answering."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.simulation.scpi.grammar import parse_units, spellings
from instruments.simulation.vna.models import MODELS

PATTERNS = sorted({pattern for model in MODELS.values() for pattern in model.table})
VALUES = st.one_of(
    st.floats(allow_nan=True).map(repr),
    st.integers(-(10**12), 10**12).map(str),
    st.sampled_from(["ON", "OFF", "MAX", "MIN", "'w'", "S21", "SSTOP", "REAL,64", ""]),
    st.text(st.characters(codec="ascii"), max_size=12),
)
MESSAGES = st.builds(
    "{}{}{} {}".format,
    st.sampled_from(PATTERNS).map(lambda one: one.replace("[", "").replace("]", "")),
    st.sampled_from(["", "#", "2", "99"]),
    st.sampled_from(["", "?"]),
    st.lists(VALUES, max_size=4).map(",".join),
).map(lambda text: text.replace("#", "1"))


@pytest.mark.parametrize("model", MODELS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(messages=st.lists(MESSAGES | st.binary(max_size=30), max_size=12))
def test_whatever_is_sent_the_next_question_is_answered(model, messages, on_desk):
    async def talk(desk):
        for message in messages:
            raw = message.encode() if isinstance(message, str) else message
            execution = desk.vna.begin(raw)
            if not execution.is_done:
                execution.start().cancel()
        await asyncio.sleep(0)
        return await desk.ask("*IDN?")

    assert "," in on_desk(model, talk, is_instant=True)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_spelling_of_every_header_is_understood(pattern):
    for spelling in spellings(pattern):
        (unit,) = parse_units(":" + ":".join(spelling.mnemonics).lower() + "?")
        assert unit.header.mnemonics == spelling.mnemonics
        assert spelling.suffixes(unit.header) == (1,) * spelling.slot_count
