"""Settings that stand in files: a file of variables, and secrets alone in one."""

from collections.abc import Mapping
from pathlib import Path

LONGEST_BYTES = 65_536
"""Longest settings file or secret."""

SECRETS = (
    "HALOWATCH_DATABASE_URL",
    "HALOWATCH_CHANNELS",
    "HALOWATCH_KEY",
    "HALOWATCH_OIDC_CLIENT_SECRET",
)
"""Variables that ``NAME_FILE`` may give: the path of a file that holds the value."""

SECRET_FILES = tuple(f"{name}_FILE" for name in SECRETS)


class SettingsFileError(ValueError):
    """A settings file or secret cannot be read; the message names it and the mend."""


def read_settings_file(path: Path) -> dict[str, str]:
    """Read ``NAME=value`` lines, as systemd's EnvironmentFile takes them.

    Blank lines and lines that begin with ``#`` are left out; a value may stand in
    quotes.

    Raises
    ------
    SettingsFileError
        If the file cannot be read, or a line is no such pair.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(
        _read(path, "HALOWATCH_SETTINGS_FILE").splitlines(), 1
    ):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not name.startswith("HALOWATCH_"):
            raise SettingsFileError(
                f"{path}, line {number}: write HALOWATCH_NAME=value"
            )
        if name in found:
            raise SettingsFileError(f"{path}, line {number}: {name} stands twice")
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[name] = value
    return found


def with_secrets(given: Mapping[str, str]) -> dict[str, str]:
    """Replace each ``NAME_FILE`` of a secret by the content of the file as ``NAME``.

    Raises
    ------
    SettingsFileError
        If a file cannot be read, or the secret is given both ways.
    """
    found = dict(given)
    for name in SECRETS:
        path = found.pop(f"{name}_FILE", "").strip()
        if not path:
            continue
        if found.get(name, "").strip():
            raise SettingsFileError(f"{name} and {name}_FILE are both set; unset one")
        found[name] = _read(Path(path), f"{name}_FILE").strip()
    return found


def _read(path: Path, variable: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_BYTES + 1)
        if len(content) > LONGEST_BYTES:
            raise SettingsFileError(
                f"{variable}: {path} is longer than {LONGEST_BYTES} bytes"
            )
        return content.decode()
    except OSError as error:
        raise SettingsFileError(
            f"{variable}: {path} cannot be read ({error.strerror})"
        ) from None
    except UnicodeDecodeError:
        raise SettingsFileError(f"{variable}: {path} is not UTF-8 text") from None
