"""The environment, read once and read back by children."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from service.config import child_environment, read_config
from service.config_names import VARIABLES, check_names
from service.config_values import ApiKeyPolicy, Channel, ConfigError, parse_channels


def test_defaults_live_in_the_home_folder(tmp_path):
    config = read_config({"HALOWATCH_HOME": str(tmp_path)})
    assert config.database_url == f"sqlite:///{tmp_path / 'halowatch.sqlite'}"
    assert config.model is None
    assert config.api_keys is ApiKeyPolicy.OPEN
    assert config.channels == ()


def test_children_read_the_same_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HALOWATCH_QUEUE_BYTES", "77")
    config = replace(
        read_config({"HALOWATCH_HOME": str(tmp_path)}),
        model=tmp_path / "model",
        channels=(Channel(name="oncall", url="http://127.0.0.1:9/x"),),
        lease_s=1.5,
        migrations=tmp_path / "migrations",
    )
    assert read_config(config.to_environment()) == config


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("HALOWATCH_CHANNEL", "did you mean HALOWATCH_CHANNELS?"),
        ("HALOWATCH_DB_URL", "did you mean HALOWATCH_DATABASE_URL?"),
        ("HALOWATCH_XYZZY", "configuration.md"),
    ],
)
def test_a_name_that_is_no_setting_is_refused(name, words):
    with pytest.raises(ConfigError, match=name) as refused:
        read_config({name: "x", "HALOWATCH_REQUIRE_BROWSER": "1"})
    assert words in str(refused.value)


def test_settings_do_not_leak_into_a_service_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("HALOWATCH_DATABASE_URL", "postgresql://elsewhere/db")
    environment = child_environment(home=tmp_path, model=None)
    assert read_config(environment).database_url.startswith("sqlite:///")
    assert read_config(environment).home == tmp_path


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HALOWATCH_API_KEYS", "maybe"),
        ("HALOWATCH_LOG_LEVEL", "LOUD"),
        ("HALOWATCH_LEASE_S", "soon"),
        ("HALOWATCH_LEASE_S", "-1"),
        ("HALOWATCH_QUEUE_BYTES", "1.5"),
        ("HALOWATCH_REPLICA_COUNT", "1.5"),
        ("HALOWATCH_REPLICA_COUNT", "0"),
        # Records go only where samples go before.
        ("HALOWATCH_RECORD_KEEP_S", "1000"),
        ("HALOWATCH_CHANNELS", "oncall"),
        ("HALOWATCH_CHANNELS", "oncall=ftp://host/x"),
        ("HALOWATCH_CHANNELS", "a=http://h/x,a=http://h/y"),
        ("HALOWATCH_CHANNELS", "=http://h/x"),
    ],
)
def test_a_wrong_setting_is_named(variable, value):
    with pytest.raises(ConfigError, match=variable):
        read_config({variable: value})


def test_records_are_not_forgotten_before_their_samples():
    wanted = {"HALOWATCH_RECORD_KEEP_S": "100", "HALOWATCH_SAMPLE_KEEP_S": "101"}
    with pytest.raises(ConfigError, match="HALOWATCH_SAMPLE_KEEP_S"):
        read_config(wanted)
    assert read_config(wanted | {"HALOWATCH_SAMPLE_KEEP_S": "100"}).record_keep_s == 100


def test_several_channels_are_read_in_order():
    channels = parse_channels("oncall=http://127.0.0.1:9900/alerts, log=https://h/y")
    assert [channel.name for channel in channels] == ["oncall", "log"]
    assert channels[0].url == "http://127.0.0.1:9900/alerts"


def test_every_variable_is_documented(root: Path):
    text = (root / "docs/reference/configuration.md").read_text()
    assert [name for name in VARIABLES if f"`{name}`" not in text] == []


def test_a_service_that_tests_start_may_inherit_every_variable_that_tests_read():
    tests = Path(__file__).parents[2]
    read = {
        name
        for path in tests.rglob("*.py")
        for name in re.findall(r'environ\.get\(\s*"(HALOWATCH_\w+)"', path.read_text())
    }
    assert "HALOWATCH_BENCH_ROWS" in read
    check_names(dict.fromkeys(read, "1"))
