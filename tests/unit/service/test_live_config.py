"""Settings that are read again: taken where good, kept where not."""

from pathlib import Path

import pytest

from service.config import ServiceConfig, read_config
from service.live_config import HOT, LiveConfig


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "halowatch.env"


@pytest.fixture
def live(file: Path, tmp_path: Path) -> LiveConfig:
    file.write_text("HALOWATCH_WAIT_S=3\n")
    environment = {
        "HALOWATCH_HOME": str(tmp_path),
        "HALOWATCH_SETTINGS_FILE": str(file),
        "HALOWATCH_LEASE_S": "7",
    }
    return LiveConfig(read_config(environment), lambda: read_config(environment))


def test_a_good_file_is_taken(live, file):
    file.write_text(
        "HALOWATCH_WAIT_S=4\nHALOWATCH_CHANNELS=oncall=http://127.0.0.1:9/x\n"
    )
    assert live.reload()
    assert live.current.wait_s == 4.0
    assert live.current.channels[0].name == "oncall"
    assert live.refused is None


@pytest.mark.parametrize("text", ["HALOWATCH_WAIT_S=soon", "HALOWATCH_WIAT_S=4", "x"])
def test_a_wrong_file_changes_nothing(live, file, text):
    before = live.current
    file.write_text(f"HALOWATCH_PUBLIC_URL=http://elsewhere\n{text}\n")
    assert not live.reload()
    assert live.current is before
    assert live.refused is not None
    file.unlink()
    assert not live.reload()
    assert live.current is before
    file.write_text("HALOWATCH_WAIT_S=5\n")
    assert live.reload()
    assert live.current.wait_s == 5.0
    assert live.refused is None


def test_nothing_new_is_the_same_object(live):
    before = live.current
    assert live.reload()
    assert live.current is before


def test_what_needs_a_restart_waits_for_it(live, file):
    file.write_text("HALOWATCH_WAIT_S=4\nHALOWATCH_API_KEYS=required\n")
    assert live.reload()
    assert live.current.wait_s == 4.0
    assert live.current.api_keys == "open"


def test_the_environment_stands_above_a_file_that_changes(live, file):
    file.write_text("HALOWATCH_LEASE_S=99\n")
    assert live.reload()
    assert live.current.lease_s == 7.0


def test_hot_settings_are_settings():
    assert set(ServiceConfig.__dataclass_fields__) >= HOT
