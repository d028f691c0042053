"""The only reader of the environment."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

_CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class ConfigError(ValueError):
    """A setting is wrong; the message names the variable and the mend."""


class ApiKeyPolicy(StrEnum):
    """Who may call the API."""

    OPEN = "open"
    """Everybody who reaches the port; loopback only."""

    REQUIRED = "required"
    """Only bearers of a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One place that alerts are sent to.

    Attributes
    ----------
    name
        What deliveries are recorded under.
    url
        Webhook that takes the message by POST.
    """

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig:
    """Settings of the service; ``docs/reference/configuration.md`` explains each.

    Attributes
    ----------
    home
        Folder of everything that the service keeps on disk.
    database_url
        ``sqlite:///PATH`` or ``postgresql://...``.
    model
        Model folder; None judges without a model.
    channels
        Webhooks that alerts go to.
    public_url
        Address of the dashboard as people reach it; stands in messages.
    migrations
        Folder of the migrations; None takes the repository's.
    busy_timeout_s
        Longest wait for another process's database lock, in seconds.
    queue_bytes
        Most bytes that may wait for a commit.
    body_bytes
        Most bytes of request bodies in hand at once.
    lease_s
        How long a worker may hold a task before another may take it, in seconds.
    wait_s
        Longest that ``?wait=diagnosis`` waits, in seconds.
    delivery_timeout_s
        Longest that one webhook call may take, in seconds.
    delivery_backoff_s, delivery_backoff_cap_s
        First and longest pause between two attempts, in seconds.
    delivery_keep_s
        How long an alert message is retried, in seconds.
    event_keep_s
        How long the stream can be resumed, in seconds.
    """

    home: Path
    database_url: str
    model: Path | None = None
    api_keys: ApiKeyPolicy = ApiKeyPolicy.OPEN
    channels: tuple[Channel, ...] = ()
    public_url: str = "http://127.0.0.1:8000"
    migrations: Path | None = None
    log_level: str = "INFO"
    busy_timeout_s: float = 5.0
    queue_bytes: int = 128 * 1024 * 1024
    body_bytes: int = 512 * 1024 * 1024
    lease_s: float = 30.0
    wait_s: float = 10.0
    delivery_timeout_s: float = 5.0
    delivery_backoff_s: float = 0.5
    delivery_backoff_cap_s: float = 60.0
    delivery_keep_s: float = 86_400.0
    event_keep_s: float = 86_400.0

    def to_environment(self) -> dict[str, str]:
        """Return the process environment with these settings written into it.

        Child processes that are started with it read the same configuration.
        """
        environment = dict(os.environ)
        for variable in [name for name in environment if name in VARIABLES]:
            del environment[variable]
        environment |= {
            variable: _write(getattr(self, field))
            for variable, field in VARIABLES.items()
            if getattr(self, field) is not None
        }
        return environment


def child_environment(*, home: Path, model: Path | None) -> dict[str, str]:
    """Return the process environment for a service of its own in ``home``.

    Settings of this process do not leak into it: every HALOWATCH_* variable is
    left out, but the two that are given.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_PREFIX)
    }
    environment["HALOWATCH_HOME"] = str(home)
    if model is not None:
        environment["HALOWATCH_MODEL"] = str(model)
    return environment


VARIABLES = {
    "HALOWATCH_HOME": "home",
    "HALOWATCH_DATABASE_URL": "database_url",
    "HALOWATCH_MODEL": "model",
    "HALOWATCH_API_KEYS": "api_keys",
    "HALOWATCH_CHANNELS": "channels",
    "HALOWATCH_PUBLIC_URL": "public_url",
    "HALOWATCH_MIGRATIONS": "migrations",
    "HALOWATCH_LOG_LEVEL": "log_level",
    "HALOWATCH_BUSY_TIMEOUT_S": "busy_timeout_s",
    "HALOWATCH_QUEUE_BYTES": "queue_bytes",
    "HALOWATCH_BODY_BYTES": "body_bytes",
    "HALOWATCH_LEASE_S": "lease_s",
    "HALOWATCH_WAIT_S": "wait_s",
    "HALOWATCH_DELIVERY_TIMEOUT_S": "delivery_timeout_s",
    "HALOWATCH_DELIVERY_BACKOFF_S": "delivery_backoff_s",
    "HALOWATCH_DELIVERY_BACKOFF_CAP_S": "delivery_backoff_cap_s",
    "HALOWATCH_DELIVERY_KEEP_S": "delivery_keep_s",
    "HALOWATCH_EVENT_KEEP_S": "event_keep_s",
}
"""Environment variable to field of :class:`ServiceConfig`."""

_PREFIX = "HALOWATCH_"
_OF_THE_TESTS = frozenset(
    _PREFIX + name
    for name in (
        "CHROMIUM",
        "REQUIRE_BROWSER",
        "REQUIRE_STRACE",
        "REFERENCE_DATA",
        "SOAK_S",
        "UPDATE_OPENAPI",
    )
)
"""Variables that the tests read; a service that they start inherits them."""

_OF_COMPOSE = frozenset({_PREFIX + "DATABASE_PASSWORD"})
"""Variables that docker-compose.yml reads."""

_NUMBERS = {
    variable: field
    for variable, field in VARIABLES.items()
    if field.endswith(("_s", "_bytes"))
}


def read_config(environment: Mapping[str, str] | None = None) -> ServiceConfig:
    """Read the settings from the environment.

    Parameters
    ----------
    environment
        Variables to read; the process's own where None.

    Raises
    ------
    ConfigError
        If a variable holds what it must not hold, or a name of ours is none.
    """
    given = os.environ if environment is None else environment
    _check_names(given)
    set_ = {name: value for name, value in given.items() if value.strip()}
    home = Path(set_.get("HALOWATCH_HOME", ".halowatch")).absolute()
    model, migrations = (
        set_.get(f"HALOWATCH_{name}") for name in ("MODEL", "MIGRATIONS")
    )
    numbers = {
        field: _read_number(variable, set_[variable])
        for variable, field in _NUMBERS.items()
        if variable in set_
    }
    return ServiceConfig(
        home=home,
        database_url=set_.get(
            "HALOWATCH_DATABASE_URL", f"sqlite:///{home / 'halowatch.sqlite'}"
        ),
        model=None if model is None else Path(model).absolute(),
        api_keys=_read_policy(set_.get("HALOWATCH_API_KEYS", "open")),
        channels=parse_channels(set_.get("HALOWATCH_CHANNELS", "")),
        public_url=set_.get("HALOWATCH_PUBLIC_URL", "http://127.0.0.1:8000").rstrip(
            "/"
        ),
        migrations=None if migrations is None else Path(migrations).absolute(),
        log_level=_read_level(set_.get("HALOWATCH_LOG_LEVEL", "INFO")),
        **numbers,  # type: ignore[arg-type]  # the names come from the fields
    )


def parse_channels(text: str) -> tuple[Channel, ...]:
    """Read ``name=url`` pairs, separated by commas.

    Raises
    ------
    ConfigError
        If a pair has no name, a name comes twice, or a URL is not http(s).
    """
    channels: dict[str, Channel] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, url = pair.partition("=")
        if not _CHANNEL_NAME.fullmatch(name):
            raise ConfigError(
                f"HALOWATCH_CHANNELS: {name!r} is no channel name; write "
                "oncall=http://127.0.0.1:9900/alerts"
            )
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"HALOWATCH_CHANNELS: channel {name} needs an http or https URL"
            )
        if name in channels:
            raise ConfigError(f"HALOWATCH_CHANNELS: channel {name} stands twice")
        channels[name] = Channel(name=name, url=url)
    return tuple(channels.values())


def _check_names(given: Mapping[str, str]) -> None:
    known = {*VARIABLES, *_OF_THE_TESTS, *_OF_COMPOSE}
    for name in sorted(given):
        if name.startswith(_PREFIX) and name not in known:
            near = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.5)
            raise ConfigError(
                f"{name} is no setting; "
                + (f"did you mean {near[0]}? " if near else "")
                + "docs/reference/configuration.md lists them"
            )


def _read_policy(text: str) -> ApiKeyPolicy:
    try:
        return ApiKeyPolicy(text)
    except ValueError:
        raise ConfigError(
            f"HALOWATCH_API_KEYS is {text!r}, takes open or required"
        ) from None


def _read_level(text: str) -> str:
    if text.upper() not in _LEVELS:
        raise ConfigError(
            f"HALOWATCH_LOG_LEVEL is {text!r}, takes {', '.join(_LEVELS)}"
        )
    return text.upper()


def _read_number(variable: str, text: str) -> float | int:
    try:
        number = int(text) if variable.endswith("_BYTES") else float(text)
    except ValueError:
        raise ConfigError(f"{variable} is {text!r}, needs a number") from None
    if not 0 < number < 1e12:
        raise ConfigError(f"{variable} is {text}, needs a number above 0")
    return number


def _write(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(f"{channel.name}={channel.url}" for channel in value)
    return str(value)
