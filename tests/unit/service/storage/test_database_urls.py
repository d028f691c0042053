"""URLs of databases: which are taken, and what others are told."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from service.config_values import ConfigError
from service.storage.database_urls import parse_url


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////tmp/x.sqlite", "sqlite+pysqlite"),
        ("postgresql://u@h/db", "postgresql+psycopg"),
        ("postgres://u@h/db", "postgresql+psycopg"),
    ],
)
def test_the_driver_follows_the_url(url, driver):
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize("url", ["sqlite://", "mysql://h/db", "nonsense", ""])
def test_other_urls_are_refused_with_the_mend(url):
    with pytest.raises(ConfigError, match="HALOWATCH_DATABASE_URL"):
        parse_url(url)


def test_several_servers_are_named_as_every_client_takes_them():
    given = "host=db1:5432&host=db2:5433&target_session_attrs=read-write"
    url = parse_url(f"postgresql://u:p@/halowatch?{given}")
    assert dict(url.query) == {
        "host": "db1,db2",
        "port": "5432,5433",
        "target_session_attrs": "read-write",
    }
    _, options = url.get_dialect()().create_connect_args(url)
    assert (options["host"], options["port"]) == ("db1,db2", "5432,5433")
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    assert conninfo_to_dict(text)["port"] == "5432,5433"
    socket = parse_url("postgresql://u@/halowatch?host=/run/postgresql")
    assert dict(socket.query) == {"host": "/run/postgresql"}


def test_a_password_is_never_shown():
    with pytest.raises(ConfigError) as error:
        parse_url("mysql://user:secret@h/db")
    assert "secret" not in str(error.value)
