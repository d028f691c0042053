"""One box of switches as the router keeps it: its driver, and what is known of it."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from instruments.errors import (
    IdentityMismatchError,
    InstrumentError,
    InstrumentTimeoutError,
)
from instruments.measurement import InstrumentIdentity
from instruments.switches.driver import SwitchDriver


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxSettings:
    """How a box is to be treated.

    Attributes
    ----------
    settle_time_s
        Wait after its last move.
    has_read_back
        Whether it tells its positions.
    is_hot
        Whether it may move while the source is on.
    max_actuation_count
        Moves of one element before a warning.
    expected_serial
        Serial number that the array file names, if any.
    io_timeout_s
        Longest wait for whoever else talks to the box.
    """

    settle_time_s: float = 0.05
    has_read_back: bool = True
    is_hot: bool = False
    max_actuation_count: int = 1_000_000
    expected_serial: str | None = None
    io_timeout_s: float = 5.0


class Box:
    """Talks to one box, one thread at a time, and reconnects after an error.

    Parameters
    ----------
    name
        The switch in the array file.
    settings
        How it is to be treated.
    open_driver
        Opens the wire and returns a driver that is not yet connected.
    """

    def __init__(
        self,
        name: str,
        settings: BoxSettings,
        open_driver: Callable[[], SwitchDriver],
    ) -> None:
        self.name = name
        self.settings = settings
        self.identity: InstrumentIdentity | None = None
        self.known: dict[str, str | None] = {}
        self.moving: set[str] = set()
        self.foreign_move_count = 0
        self.last_error: str | None = None
        self._open_driver = open_driver
        self._driver: SwitchDriver | None = None
        self._wire_lock = threading.Lock()
        self._talker_id: int | None = None

    @contextlib.contextmanager
    def talking(self) -> Iterator[SwitchDriver]:
        """Give the connected driver to one thread; an error hangs up.

        Raises
        ------
        InstrumentError
            If the box cannot be reached, is another one, or fails while it is used.
        """
        if not self._wire_lock.acquire(timeout=4.0 * self.settings.io_timeout_s):
            raise InstrumentTimeoutError(f"{self.name}: somebody else is talking to it")
        self._talker_id = threading.get_ident()
        try:
            yield self._connected()
        except InstrumentError as error:
            self.last_error = str(error)
            self.hang_up()
            raise type(error)(f"{self.name}: {error}") from None
        except BaseException:
            self.hang_up()
            raise
        finally:
            self._talker_id = None
            self._wire_lock.release()

    def hang_up(self) -> None:
        """Close the wire; the next use opens another one."""
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def interrupt(self, thread_id: int) -> None:
        """Hang up if that thread is talking, so that its next word fails."""
        if self._talker_id == thread_id:
            self.hang_up()

    def note(self, positions: Mapping[str, str | None]) -> list[str]:
        """Take over what was read, and name the elements that somebody else moved."""
        strays: list[str] = []
        for element, position in positions.items():
            if element in self.moving:
                continue
            if element in self.known and self.known[element] != position:
                strays.append(element)
            self.known[element] = position
        self.foreign_move_count += len(strays)
        return strays

    def _connected(self) -> SwitchDriver:
        if self._driver is None:
            driver = self._open_driver()
            self._driver = driver
            identity = driver.connect()
            expected = self.settings.expected_serial
            if expected not in (None, identity.serial):
                raise IdentityMismatchError(
                    f"serial number {identity.serial} answers, the array file expects "
                    f"{expected}"
                )
            self.identity = identity
            self.last_error = None
        return self._driver
