"""The status of a poller: what is written is read back; what is wrong is named."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.measurement import MeasurementError, TruthFlag
from instruments.measurement.poller_status import (
    MAX_SENTENCE_LENGTH,
    CavityMode,
    CavityStatus,
    InstrumentStatus,
    PollerStatus,
    SpoolStatus,
    SweepCounts,
)
from instruments.measurement.poller_status_message import (
    decode_poller_status,
    poller_status_to_json,
)

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
counts = st.integers(0, 2**40)
ages = st.none() | st.floats(0.0, 1e9)
sentences = st.none() | st.text(
    st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=40
)
names = st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True)
moments = st.integers(0, 10**15).map(lambda us: NOW + timedelta(microseconds=us))

any_status = st.builds(
    PollerStatus,
    poller=names,
    reported_at=moments,
    started_at=moments,
    period_s=st.floats(0.1, 3600.0),
    spool=st.builds(
        SpoolStatus,
        depth=counts,
        depth_bytes=counts,
        max_bytes=counts,
        oldest_age_s=ages,
        is_refusing=st.booleans(),
        refused_total=counts,
        last_error=sentences,
    ),
    sweeps=st.builds(
        SweepCounts,
        measured=counts,
        flagged=counts,
        failed=st.dictionaries(st.sampled_from(list(TruthFlag)), counts, max_size=3),
    ),
    instruments=st.lists(
        st.builds(
            InstrumentStatus,
            name=names,
            kind=st.sampled_from(["vna", "sensor", "switch"]),
            state=names,
            since=moments,
            consecutive_failures=counts,
            last_error=sentences,
            lateness_s=ages,
        ),
        max_size=3,
    ).map(tuple),
    cavities=st.lists(
        st.builds(
            CavityStatus,
            cavity=names,
            mode=st.sampled_from(CavityMode),
            since=st.none() | moments,
            until=st.none() | moments,
            reason=sentences,
        ),
        max_size=3,
    ).map(tuple),
)


@given(status=any_status)
def test_json_gives_back_the_same_status(status: PollerStatus) -> None:
    text = json.dumps(poller_status_to_json(status), allow_nan=False)
    assert decode_poller_status(json.loads(text)) == status


@pytest.fixture
def message():
    return poller_status_to_json(
        PollerStatus(
            poller="array",
            reported_at=NOW,
            started_at=NOW - timedelta(hours=1),
            instruments=(
                InstrumentStatus(name="vna-1", kind="vna", state="ready", since=NOW),
            ),
            cavities=(CavityStatus(cavity="c1"),),
        )
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"poller": None}, "poller: is missing"),
        ({"poller": "a b"}, "poller: 'a b' must be 1 to 64 letters"),
        ({"reported_at": "now"}, "status.reported_at: 'now' is no RFC 3339 time"),
        ({"period_s": 0}, "period_s: must lie above 0"),
        ({"period_s": "5"}, "status.period_s: must be a number"),
        ({"mood": 1}, "status.mood: is no key"),
        ({"spool": []}, "spool: must be a map"),
        ({"spool": {"depth": -1}}, "spool.depth: must be a whole number"),
        ({"spool": {"depth": True}}, "spool.depth: must be a whole number"),
        ({"spool": {"oldest_age_s": -1.0}}, "spool.oldest_age_s: must be 0 or more"),
        ({"spool": {"is_refusing": "no"}}, "spool.is_refusing: must be true or false"),
        ({"sweeps": {"failed": [1]}}, "sweeps.failed: must be a map"),
        ({"sweeps": {"failed": {"late": 1.5}}}, "sweeps.failed.late: must be a whole"),
        ({"instruments": {}}, "instruments: must be a list"),
        ({"instruments": [{"name": "v"}]}, "kind: is missing"),
        ({"cavities": [{"cavity": "c", "mode": "off"}]}, "polled, paused, inhibited"),
        (
            {"cavities": [{"cavity": f"c{n}"} for n in range(1025)]},
            "cavities: has more than 1024 entries",
        ),
    ],
)
def test_a_wrong_status_is_one_sentence(message, changes, words):
    with pytest.raises(MeasurementError, match=words):
        decode_poller_status(message | changes)


def test_a_long_sentence_is_cut():
    spool = SpoolStatus(last_error="x" * 5000)
    assert len(spool.last_error) == MAX_SENTENCE_LENGTH
