"""The only reader of the environment."""

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from service.settings_file import (
    SECRET_FILES,
    SettingsFileError,
    read_settings_file,
    with_secrets,
)

_CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ROLES = ("viewer", "operator", "expert", "admin")
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
class IdentityProvider:
    """Where persons log in by OpenID Connect.

    Attributes
    ----------
    issuer
        URL of the provider; its discovery document stands below it.
    client_id, client_secret
        What the provider knows this site by.
    role_claim
        Claim of the ID token that holds the person's groups.
    roles
        Group to role; who is in none of them is not let in.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    role_claim: str
    roles: tuple[tuple[str, str], ...]


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
    disk_free_bytes
        Room on the disk of a SQLite file below which no sweep is taken.
    original_keep_s
        Age in seconds at which the samples of a whole month are rounded to their
        noise; None never.
    sample_keep_s
        Age in seconds at which the samples of a whole month are dropped; None never.
    record_keep_s
        Age in seconds at which the uneventful sweeps of a whole month are forgotten;
        None never.
    reading_keep_s
        Age in seconds at which readings are dropped; None never.
    trend_keep_s, trend_minute_keep_s, trend_hour_keep_s
        How long trend points, and their roll-ups by minute and hour, are kept, in
        seconds; roll-ups by day stay.
    maintenance_s
        Time between two passes of retention, in seconds.
    requests_per_s
        Calls that one key or person may make in a second.
    replica_count
        Processes that serve the API over one database; each allows its share of rates.
    session_s
        How long a log-in lasts, in seconds.
    proxies
        Addresses and networks whose word about a caller's address is taken.
    webhook_networks
        Networks beside the public internet that webhooks may be in, and http without
        TLS within them.
    oidc_issuer, oidc_client_id, oidc_client_secret, oidc_role_claim, oidc_roles
        The identity provider, see :class:`IdentityProvider`.
    postgresql_tools
        Folder of pg_dump and pg_restore; the usual ones where None.
    settings_file
        File of further settings, read again on SIGHUP.
    of_environment
        Variables that stand above that file, where there is one.
    false_alarms_per_week
        Slow drifts that the charts of the whole fleet may call in vain.
    """

    home: Path
    database_url: str = field(repr=False)
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
    disk_free_bytes: int = 512 * 1024 * 1024
    original_keep_s: float | None = None
    sample_keep_s: float | None = None
    record_keep_s: float | None = None
    reading_keep_s: float | None = None
    trend_keep_s: float = 90 * 86_400.0
    trend_minute_keep_s: float = 730 * 86_400.0
    trend_hour_keep_s: float = 3650 * 86_400.0
    maintenance_s: float = 3600.0
    requests_per_s: float = 10_000.0
    replica_count: int = 1
    session_s: float = 43_200.0
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    webhook_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = field(default=None, repr=False)
    oidc_role_claim: str = "groups"
    oidc_roles: tuple[tuple[str, str], ...] = ()
    postgresql_tools: str | None = None
    settings_file: Path | None = None
    of_environment: frozenset[str] = frozenset()
    false_alarms_per_week: float = 1.0

    @property
    def identity_provider(self) -> IdentityProvider | None:
        """Where persons log in beside their passwords here; None where nowhere."""
        if self.oidc_issuer is None:
            return None
        return IdentityProvider(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id or "",
            client_secret=self.oidc_client_secret or "",
            role_claim=self.oidc_role_claim,
            roles=self.oidc_roles,
        )

    def override(self, **changes: Any) -> "ServiceConfig":
        """Return other settings that the settings file cannot change any more."""
        given = {name for name, of in VARIABLES.items() if of in changes}
        above = self.of_environment | given if self.settings_file else frozenset[str]()
        return replace(self, of_environment=above, **changes)

    def to_environment(self) -> dict[str, str]:
        """Return the process environment with these settings written into it.

        Child processes that are started with it read the same configuration.
        """
        environment = dict(os.environ)
        ours = {*VARIABLES, *SECRET_FILES}
        for variable in [name for name in environment if name in ours]:
            del environment[variable]
        environment |= {
            variable: _write(variable, getattr(self, field))
            for variable, field in VARIABLES.items()
            # What the file may give, the child reads there itself, again on SIGHUP.
            if getattr(self, field) is not None
            and (self.settings_file is None or variable in self.of_environment)
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
    "HALOWATCH_DISK_FREE_BYTES": "disk_free_bytes",
    "HALOWATCH_ORIGINAL_KEEP_S": "original_keep_s",
    "HALOWATCH_SAMPLE_KEEP_S": "sample_keep_s",
    "HALOWATCH_RECORD_KEEP_S": "record_keep_s",
    "HALOWATCH_READING_KEEP_S": "reading_keep_s",
    "HALOWATCH_TREND_KEEP_S": "trend_keep_s",
    "HALOWATCH_TREND_MINUTE_KEEP_S": "trend_minute_keep_s",
    "HALOWATCH_TREND_HOUR_KEEP_S": "trend_hour_keep_s",
    "HALOWATCH_MAINTENANCE_S": "maintenance_s",
    "HALOWATCH_REQUESTS_PER_S": "requests_per_s",
    "HALOWATCH_REPLICA_COUNT": "replica_count",
    "HALOWATCH_SESSION_S": "session_s",
    "HALOWATCH_PROXIES": "proxies",
    "HALOWATCH_WEBHOOK_NETWORKS": "webhook_networks",
    "HALOWATCH_OIDC_ISSUER": "oidc_issuer",
    "HALOWATCH_OIDC_CLIENT_ID": "oidc_client_id",
    "HALOWATCH_OIDC_CLIENT_SECRET": "oidc_client_secret",
    "HALOWATCH_OIDC_ROLE_CLAIM": "oidc_role_claim",
    "HALOWATCH_OIDC_ROLES": "oidc_roles",
    "HALOWATCH_POSTGRESQL_TOOLS": "postgresql_tools",
    "HALOWATCH_SETTINGS_FILE": "settings_file",
    "HALOWATCH_FALSE_ALARMS_PER_WEEK": "false_alarms_per_week",
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

_OF_CLIENTS = frozenset({_PREFIX + "KEY"})
"""Variables that the commands that call a service read."""

_NUMBERS = {
    variable: field
    for variable, field in VARIABLES.items()
    if field.endswith(("_s", "_bytes", "_per_week", "_count"))
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
    own = os.environ if environment is None else environment
    try:
        given, above = _with_file(own)
        given = with_secrets(given)
    except SettingsFileError as error:
        raise ConfigError(str(error)) from None
    _check_names(given)
    set_ = {name: value for name, value in given.items() if value.strip()}
    home = Path(set_.get("HALOWATCH_HOME", ".halowatch")).absolute()
    model, migrations = (
        set_.get(f"HALOWATCH_{name}") for name in ("MODEL", "MIGRATIONS")
    )
    file = set_.get("HALOWATCH_SETTINGS_FILE")
    numbers = {
        field: _read_number(variable, set_[variable])
        for variable, field in _NUMBERS.items()
        if variable in set_
    }
    _check_keeping(numbers)
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
        postgresql_tools=set_.get("HALOWATCH_POSTGRESQL_TOOLS"),
        settings_file=None if file is None else Path(file).absolute(),
        of_environment=frozenset(above),
        **_read_lists(given),
        **_read_provider(set_),
        **numbers,  # type: ignore[arg-type]  # the names come from the fields
    )


def read_key(environment: Mapping[str, str] | None = None) -> str | None:
    """Read the key that a command sends to the service it calls.

    Raises
    ------
    ConfigError
        If the file that HALOWATCH_KEY_FILE names cannot be read.
    """
    given = os.environ if environment is None else environment
    wanted = {name: given[name] for name in given if name.startswith("HALOWATCH_KEY")}
    try:
        return with_secrets(wanted).get("HALOWATCH_KEY", "").strip() or None
    except SettingsFileError as error:
        raise ConfigError(str(error)) from None


def _with_file(own: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """Add what the settings file says and the environment does not."""
    path = own.get("HALOWATCH_SETTINGS_FILE", "").strip()
    if not path:
        return dict(own), set()
    above = {
        name.removesuffix("_FILE") if name in SECRET_FILES else name
        for name in own
        if name in VARIABLES or name in SECRET_FILES
    }
    added = {
        name: value
        for name, value in read_settings_file(Path(path)).items()
        if name.removesuffix("_FILE") not in above and name not in above
    }
    return {**added, **own}, above


def _read_lists(given: Mapping[str, str]) -> dict[str, Any]:
    """Read the lists of networks; an empty one is not the same as none."""
    lists: dict[str, Any] = {}
    for variable in ("HALOWATCH_PROXIES", "HALOWATCH_WEBHOOK_NETWORKS"):
        if variable not in given:
            continue
        parts = [part.strip() for part in given[variable].split(",") if part.strip()]
        for part in parts:
            try:
                ipaddress.ip_network(part)
            except ValueError:
                raise ConfigError(
                    f"{variable}: {part!r} is no address or network; write 10.0.0.0/24"
                ) from None
        lists[VARIABLES[variable]] = tuple(parts)
    return lists


def _read_provider(set_: Mapping[str, str]) -> dict[str, Any]:
    """Read the identity provider; all of it must be there, or nothing."""
    issuer = set_.get("HALOWATCH_OIDC_ISSUER")
    if issuer is None:
        return {}
    parts = urlsplit(issuer)
    is_here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise ConfigError(
            f"HALOWATCH_OIDC_ISSUER {issuer} must be an https URL: whoever stands "
            "between could log in as anybody"
        )
    for name in ("CLIENT_ID", "CLIENT_SECRET", "ROLES"):
        if f"HALOWATCH_OIDC_{name}" not in set_:
            raise ConfigError(f"HALOWATCH_OIDC_ISSUER needs HALOWATCH_OIDC_{name} too")
    return {
        "oidc_issuer": issuer.rstrip("/"),
        "oidc_client_id": set_["HALOWATCH_OIDC_CLIENT_ID"],
        "oidc_client_secret": set_["HALOWATCH_OIDC_CLIENT_SECRET"],
        "oidc_role_claim": set_.get("HALOWATCH_OIDC_ROLE_CLAIM", "groups"),
        "oidc_roles": _read_roles(set_["HALOWATCH_OIDC_ROLES"]),
    }


def _read_roles(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.strip() for part in text.split(",") if part.strip()]
    roles: list[tuple[str, str]] = []
    for pair in pairs:
        group, _, role = pair.rpartition("=")
        if not group or role not in _ROLES:
            raise ConfigError(
                f"HALOWATCH_OIDC_ROLES: {pair!r} is no group=role; roles are "
                f"{', '.join(_ROLES)}"
            )
        roles.append((group, role))
    return tuple(roles)


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
    known = {*VARIABLES, *_OF_THE_TESTS, *_OF_COMPOSE, *_OF_CLIENTS}
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
        number = int(text) if variable.endswith(("_BYTES", "_COUNT")) else float(text)
    except ValueError:
        raise ConfigError(f"{variable} is {text!r}, needs a number") from None
    if not 0 < number < 1e12:
        raise ConfigError(f"{variable} is {text}, needs a number above 0")
    return number


def _check_keeping(numbers: Mapping[str, float]) -> None:
    """Refuse to forget records whose samples stay."""
    records_s, samples_s = numbers.get("record_keep_s"), numbers.get("sample_keep_s")
    if records_s is not None and (samples_s is None or samples_s > records_s):
        raise ConfigError(
            f"HALOWATCH_RECORD_KEEP_S is {records_s:g}: set HALOWATCH_SAMPLE_KEEP_S "
            "too, to no more; records are forgotten only after their samples"
        )


def _write(variable: str, value: Any) -> str:
    if variable == "HALOWATCH_CHANNELS":
        return ",".join(f"{channel.name}={channel.url}" for channel in value)
    if variable == "HALOWATCH_OIDC_ROLES":
        return ",".join(f"{group}={role}" for group, role in value)
    return ",".join(value) if isinstance(value, tuple) else str(value)
