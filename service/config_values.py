"""What the values of settings may be, and how each is read and written."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

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


def read_lists(given: Mapping[str, str]) -> dict[str, Any]:
    """Read the lists of networks; an empty one is not the same as none."""
    lists: dict[str, Any] = {}
    for name in ("proxies", "webhook_networks"):
        variable = f"HALOWATCH_{name.upper()}"
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
        lists[name] = tuple(parts)
    return lists


def read_provider(set_: Mapping[str, str]) -> dict[str, Any]:
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


def read_policy(text: str) -> ApiKeyPolicy:
    """Read who may call.

    Raises
    ------
    ConfigError
        If it is none.
    """
    try:
        return ApiKeyPolicy(text)
    except ValueError:
        raise ConfigError(
            f"HALOWATCH_API_KEYS is {text!r}, takes open or required"
        ) from None


def read_level(text: str) -> str:
    """Read the level of the log.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if text.upper() not in _LEVELS:
        raise ConfigError(
            f"HALOWATCH_LOG_LEVEL is {text!r}, takes {', '.join(_LEVELS)}"
        )
    return text.upper()


def read_number(variable: str, text: str) -> float | int:
    """Read a number above 0; counts and bytes are whole.

    Raises
    ------
    ConfigError
        If it is none.
    """
    try:
        number = int(text) if variable.endswith(("_BYTES", "_COUNT")) else float(text)
    except ValueError:
        raise ConfigError(f"{variable} is {text!r}, needs a number") from None
    if not 0 < number < 1e12:
        raise ConfigError(f"{variable} is {text}, needs a number above 0")
    return number


def check_keeping(numbers: Mapping[str, float]) -> None:
    """Refuse to forget records whose samples stay."""
    records_s, samples_s = numbers.get("record_keep_s"), numbers.get("sample_keep_s")
    if records_s is not None and (samples_s is None or samples_s > records_s):
        raise ConfigError(
            f"HALOWATCH_RECORD_KEEP_S is {records_s:g}: set HALOWATCH_SAMPLE_KEEP_S "
            "too, to no more; records are forgotten only after their samples"
        )


def write_value(variable: str, value: Any) -> str:
    """Write a setting as it was read."""
    if variable == "HALOWATCH_CHANNELS":
        return ",".join(f"{channel.name}={channel.url}" for channel in value)
    if variable == "HALOWATCH_OIDC_ROLES":
        return ",".join(f"{group}={role}" for group, role in value)
    return ",".join(value) if isinstance(value, tuple) else str(value)
