from datetime import UTC, datetime

import pytest

from instruments.measurement import TruthFlag
from instruments.polling.health import InstrumentHealth, InstrumentState


def vna(state, **changes):
    return InstrumentHealth(
        name="vna-1",
        kind="vna",
        state=state,
        since=datetime(2026, 1, 31, tzinfo=UTC),
        last_error="no reply in time",
        **changes,
    )


@pytest.mark.parametrize(("failures", "is_well"), [(0, True), (3, False)])
def test_one_more_attempt_to_connect_is_no_cure(failures, is_well):
    health = vna(InstrumentState.CONNECTING, consecutive_failure_count=failures)
    assert health.is_well is is_well


def test_ready_instrument_is_well_whatever_was_once():
    assert vna(InstrumentState.READY, consecutive_failure_count=2).is_well


def test_degraded_instrument_tells_its_flags_and_no_older_error():
    health = vna(
        InstrumentState.DEGRADED,
        last_flags=(TruthFlag.RF_OFF, TruthFlag.SETTINGS_DRIFT),
    )
    assert health.trouble() == "degraded (rf_off, settings_drift)"


def test_disconnected_instrument_tells_its_newest_failure():
    assert vna(InstrumentState.DISCONNECTED).trouble() == (
        "disconnected (no reply in time)"
    )
