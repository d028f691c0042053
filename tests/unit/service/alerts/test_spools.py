"""A spool calls before it loses sweeps, and calls once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.measurement.poller_status import PollerStatus, SpoolStatus
from service.alerts.spools import (
    CLEAR_FRACTION,
    FORGOTTEN_S,
    RAISE_FRACTION,
    HeardPoller,
    explain_spools,
    is_spool_filling,
)

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
LIMIT = 1000


def heard(share=0.0, *, refusing=False, ago_s=0.0, name="array") -> HeardPoller:
    at = NOW - timedelta(seconds=ago_s)
    spool = SpoolStatus(
        depth=7,
        depth_bytes=round(share * LIMIT),
        max_bytes=LIMIT,
        oldest_age_s=12.0,
        is_refusing=refusing,
    )
    status = PollerStatus(
        poller=name, reported_at=at, started_at=at, period_s=5.0, spool=spool
    )
    return HeardPoller(status=status, received_at=at)


@pytest.mark.parametrize(
    ("pollers", "was", "stands"),
    [
        ([], False, False),
        ([], True, False),
        ([heard(0.5)], False, False),
        ([heard(0.8)], False, True),
        ([heard(0.1), heard(0.9, name="other")], False, True),
        ([heard(0.7)], False, False),
        ([heard(0.7)], True, True),
        ([heard(0.5)], True, False),
        ([heard(0.0, refusing=True)], False, True),
        ([heard(0.9, ago_s=16.0)], False, False),
        ([heard(0.9, ago_s=16.0)], True, True),
        ([heard(0.9, ago_s=FORGOTTEN_S + 1)], True, False),
    ],
)
def test_where_the_rule_stands(pollers, was, stands):
    assert is_spool_filling(pollers, NOW, was=was) is stands


@given(st.lists(st.floats(0.0, 1.2), max_size=4))
def test_a_standing_rule_is_harder_to_leave_than_to_enter(shares):
    pollers = [heard(share, name=f"p{n}") for n, share in enumerate(shares)]
    entered = is_spool_filling(pollers, NOW, was=False)
    assert not entered or is_spool_filling(pollers, NOW, was=True)
    assert CLEAR_FRACTION < RAISE_FRACTION


def test_the_sentence_names_the_worst_spool():
    assert explain_spools([]) == "no poller reports a spool"
    pollers = [heard(0.2), heard(0.9, name="east")]
    assert explain_spools(pollers) == (
        "the spool of east holds 7 sweeps, 0.0009 of 0.001 MB, the oldest 12 s old"
    )
    pollers.append(heard(0.1, refusing=True, name="west"))
    assert explain_spools(pollers).startswith(
        "the newest sweeps are refused and lost: the spool of west holds"
    )
