"""Settings that may change while the process runs: read again on SIGHUP, or kept."""

import logging
import signal
from collections.abc import Callable
from dataclasses import fields, replace

import structlog

from service.config import ServiceConfig, read_config
from service.config_names import VARIABLES
from service.config_values import ConfigError
from service.signals import act_on

HOT = frozenset(
    {
        "channels",
        "public_url",
        "log_level",
        "lease_s",
        "wait_s",
        "delivery_timeout_s",
        "delivery_backoff_s",
        "delivery_backoff_cap_s",
        "delivery_keep_s",
        "event_keep_s",
        "original_keep_s",
        "sample_keep_s",
        "record_keep_s",
        "reading_keep_s",
        "trend_keep_s",
        "trend_minute_keep_s",
        "trend_hour_keep_s",
        "webhook_networks",
    }
)
"""Settings that take effect at once; the others need a restart."""

_log = structlog.get_logger(__name__)


class LiveConfig:
    """The settings of now.

    Nothing but the settings changes: timers, acknowledgements and alarm states stand in
    the database and in the loops, which go on.

    Parameters
    ----------
    config
        What the process started with.
    read
        Reads the settings again.
    """

    def __init__(
        self, config: ServiceConfig, read: Callable[[], ServiceConfig] = read_config
    ) -> None:
        self._read = read
        self._current = config
        self._refused: str | None = None

    @property
    def current(self) -> ServiceConfig:
        """The last good settings; the same object until they change."""
        return self._current

    @property
    def refused(self) -> str | None:
        """Why the settings file was not taken when it was read last; None if it was."""
        return self._refused

    def reload(self) -> bool:
        """Read the settings again; a wrong file changes nothing.

        Returns
        -------
        bool
            Whether the file was good.
        """
        try:
            found = self._read()
        except ConfigError as error:
            self._refused = str(error)
            _log.error("settings_kept", reason=str(error))
            return False
        names = {field: variable for variable, field in VARIABLES.items()}
        changed = {
            field.name
            for field in fields(found)
            if field.name in names
            and getattr(found, field.name) != getattr(self._current, field.name)
        }
        hot = {name: getattr(found, name) for name in changed & HOT}
        if hot:
            self._current = replace(self._current, **hot)
        self._refused = None
        _log.info(
            "settings_read",
            changed=sorted(names[name] for name in hot),
            needs_restart=sorted(names[name] for name in changed - HOT),
        )
        return True


def reload_on_hangup(live: LiveConfig, then: Callable[[], None] | None = None) -> None:
    """Read the settings file again at each SIGHUP; without a file SIGHUP ends as ever.

    Must be called from the main thread.

    Parameters
    ----------
    then
        Called after each reading, such as to pass the signal on.
    """
    if live.current.settings_file is None:
        return

    def follow() -> None:
        live.reload()
        logging.getLogger().setLevel(live.current.log_level)
        if then is not None:
            then()

    act_on([signal.SIGHUP], follow)
