"""The names of settings: variables of the environment, and fields."""

import difflib
from collections.abc import Mapping

from service.config_values import ConfigError

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

PREFIX = "HALOWATCH_"

_OF_THE_TESTS = frozenset(
    PREFIX + name for name in ("CHROMIUM", "REFERENCE_DATA", "SOAK_S", "UPDATE_OPENAPI")
)
"""Variables that the tests read; a service that they start inherits them."""

_BEGINNINGS_OF_THE_TESTS = (PREFIX + "BENCH_", PREFIX + "REQUIRE_")
"""How their further variables begin: sizes of benchmarks, parts that must be there."""

_OF_CADDY = frozenset(PREFIX + name for name in ("BIND", "SITE", "TLS", "UPSTREAMS"))
"""Variables that deploy/Caddyfile reads; a site may hold them among its settings."""

_OF_CLIENTS = frozenset({PREFIX + "KEY"})
"""Variables that the commands that call a service read."""

NUMBERS = {
    variable: field
    for variable, field in VARIABLES.items()
    if field.endswith(("_s", "_bytes", "_per_week", "_count"))
}


def check_names(given: Mapping[str, str]) -> None:
    """Refuse a variable that begins like ours and is none.

    Raises
    ------
    ConfigError
        If there is one; it names the nearest.
    """
    known = {*VARIABLES, *_OF_THE_TESTS, *_OF_CADDY, *_OF_CLIENTS}
    for name in sorted(given):
        if name.startswith(_BEGINNINGS_OF_THE_TESTS):
            continue
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.5)
            raise ConfigError(
                f"{name} is no setting; "
                + (f"did you mean {near[0]}? " if near else "")
                + "docs/reference/configuration.md lists them"
            )
