"""Settings and secrets in files."""

import pytest

from service.config import read_config, read_key
from service.config_values import ConfigError


@pytest.fixture
def file(tmp_path):
    return tmp_path / "halowatch.env"


def test_the_environment_stands_above_the_file(tmp_path, file):
    file.write_text(
        "# the site\nHALOWATCH_LEASE_S=7\nHALOWATCH_WAIT_S = '3'\n\n"
        'HALOWATCH_CHANNELS="oncall=http://127.0.0.1:9/x"\n'
    )
    config = read_config(
        {
            "HALOWATCH_HOME": str(tmp_path),
            "HALOWATCH_SETTINGS_FILE": str(file),
            "HALOWATCH_LEASE_S": "9",
        }
    )
    assert (config.lease_s, config.wait_s) == (9.0, 3.0)
    assert config.channels[0].name == "oncall"
    assert "HALOWATCH_LEASE_S" in config.of_environment
    child = config.to_environment()
    assert "HALOWATCH_WAIT_S" not in child
    assert "HALOWATCH_QUEUE_BYTES" not in child
    assert child["HALOWATCH_SETTINGS_FILE"] == str(file)
    assert read_config(child) == config
    assert "HALOWATCH_CHANNELS" in config.override(channels=()).to_environment()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("HALOWATCH_WAIT_S", "line 1"),
        ("\nPATH=/x", "line 2"),
        ("HALOWATCH_WAIT_S=1\nHALOWATCH_WAIT_S=2", "stands twice"),
        ("HALOWATCH_WIAT_S=1", "HALOWATCH_WAIT_S"),
        ("HALOWATCH_WAIT_S=soon", "HALOWATCH_WAIT_S"),
    ],
)
def test_a_wrong_file_is_named(file, text, words):
    file.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_config({"HALOWATCH_SETTINGS_FILE": str(file)})


def test_a_secret_may_stand_alone_in_a_file(tmp_path, file):
    file.write_text("postgresql://h/secret\n")
    config = read_config({"HALOWATCH_DATABASE_URL_FILE": str(file)})
    assert config.database_url == "postgresql://h/secret"
    assert "secret" not in repr(config)
    with pytest.raises(ConfigError, match="both set"):
        read_config(
            {"HALOWATCH_DATABASE_URL_FILE": str(file), "HALOWATCH_DATABASE_URL": "x"}
        )
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config({"HALOWATCH_CHANNELS_FILE": str(tmp_path / "none")})
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_config({"HALOWATCH_CHANNELS_FILE": str(file)})


def test_a_client_reads_its_key(file):
    file.write_text("hw_x\n")
    assert read_key({}) is None
    assert read_key({"HALOWATCH_KEY": " hw_y "}) == "hw_y"
    assert read_key({"HALOWATCH_KEY_FILE": str(file)}) == "hw_x"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"HALOWATCH_PROXIES": "10.0.0.0/8,caddy"}, "caddy"),
        ({"HALOWATCH_WEBHOOK_NETWORKS": "10.0.0.1/8"}, "10.0.0.1/8"),
        ({"HALOWATCH_OIDC_ISSUER": "http://id.example.org"}, "https"),
        ({"HALOWATCH_OIDC_ISSUER": "https://id.example.org"}, "CLIENT_ID"),
    ],
)
def test_a_wrong_list_is_named(given, words):
    with pytest.raises(ConfigError, match=words):
        read_config(given)


def test_an_identity_provider_gives_roles():
    config = read_config(
        {
            "HALOWATCH_OIDC_ISSUER": "https://id.example.org/",
            "HALOWATCH_OIDC_CLIENT_ID": "wall",
            "HALOWATCH_OIDC_CLIENT_SECRET": "s3cret",
            "HALOWATCH_OIDC_ROLES": "axion=operator, axion-rf=expert",
        }
    )
    provider = config.identity_provider
    assert provider is not None
    assert provider.issuer == "https://id.example.org"
    assert provider.roles == (("axion", "operator"), ("axion-rf", "expert"))
    assert "s3cret" not in repr(config)
    assert read_config(config.to_environment()) == config
    with pytest.raises(ConfigError, match="no group=role"):
        read_config(config.to_environment() | {"HALOWATCH_OIDC_ROLES": "axion=boss"})
