"""Which database a URL names, and by which driver it is reached."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from service.config_values import ConfigError


def parse_url(url: str) -> URL:
    """Read a database URL and choose its driver.

    Raises
    ------
    ConfigError
        If it is neither ``sqlite:///PATH`` nor ``postgresql://...``.
    """
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        raise ConfigError(
            "HALOWATCH_DATABASE_URL: write sqlite:///PATH or postgresql://HOST/NAME"
        ) from None
    name = parsed.get_backend_name()
    if name == "postgresql":
        return _name_hosts(parsed.set(drivername="postgresql+psycopg"))
    if name == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite+pysqlite")
    raise ConfigError(
        f"HALOWATCH_DATABASE_URL: {parsed.render_as_string()} is not durable storage "
        "of halowatch; write sqlite:///PATH or postgresql://HOST/NAME"
    )


def _name_hosts(url: URL) -> URL:
    """Name several servers as libpq does, for whoever connects without SQLAlchemy.

    SQLAlchemy takes ``host=a:1&host=b:2``; psycopg by itself, pg_dump and pg_restore
    take ``host=a,b&port=1,2`` alone, which SQLAlchemy takes as well.
    """
    given = url.query.get("host")
    hosts = [given] if isinstance(given, str) else list(given or ())
    named = [host.rpartition(":") for host in hosts]
    if not any(colon and port.isdecimal() for _, colon, port in named):
        return url
    return url.update_query_dict(
        {
            "host": ",".join(host for host, _, _ in named),
            "port": ",".join(port for _, _, port in named),
        }
    )
