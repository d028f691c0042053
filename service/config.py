"""The only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from service.config_names import NUMBERS, PREFIX, VARIABLES, check_names
from service.config_values import (
    ApiKeyPolicy,
    Channel,
    ConfigError,
    IdentityProvider,
    check_keeping,
    parse_channels,
    read_level,
    read_lists,
    read_number,
    read_policy,
    read_provider,
    write_value,
)
from service.settings_file import (
    SECRET_FILES,
    SettingsFileError,
    read_settings_file,
    with_secrets,
)


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
            variable: write_value(variable, getattr(self, field))
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
        name: value for name, value in os.environ.items() if not name.startswith(PREFIX)
    }
    environment["HALOWATCH_HOME"] = str(home)
    if model is not None:
        environment["HALOWATCH_MODEL"] = str(model)
    return environment


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
    check_names(given)
    set_ = {name: value for name, value in given.items() if value.strip()}
    home = Path(set_.get("HALOWATCH_HOME", ".halowatch")).absolute()
    model, migrations = (
        set_.get(f"HALOWATCH_{name}") for name in ("MODEL", "MIGRATIONS")
    )
    file = set_.get("HALOWATCH_SETTINGS_FILE")
    numbers = {
        field: read_number(variable, set_[variable])
        for variable, field in NUMBERS.items()
        if variable in set_
    }
    check_keeping(numbers)
    return ServiceConfig(
        home=home,
        database_url=set_.get(
            "HALOWATCH_DATABASE_URL", f"sqlite:///{home / 'halowatch.sqlite'}"
        ),
        model=None if model is None else Path(model).absolute(),
        api_keys=read_policy(set_.get("HALOWATCH_API_KEYS", "open")),
        channels=parse_channels(set_.get("HALOWATCH_CHANNELS", "")),
        public_url=set_.get("HALOWATCH_PUBLIC_URL", "http://127.0.0.1:8000").rstrip(
            "/"
        ),
        migrations=None if migrations is None else Path(migrations).absolute(),
        log_level=read_level(set_.get("HALOWATCH_LOG_LEVEL", "INFO")),
        postgresql_tools=set_.get("HALOWATCH_POSTGRESQL_TOOLS"),
        settings_file=None if file is None else Path(file).absolute(),
        of_environment=frozenset(above),
        **read_lists(given),
        **read_provider(set_),
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
