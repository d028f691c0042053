"""From the array file to a router: which driver speaks to which box, and how."""

from pathlib import Path

from instruments.array import ArrayConfig
from instruments.array.config import SwitchConfig
from instruments.clock import Clock
from instruments.switches.box import Box, BoxSettings
from instruments.switches.dow_key import DowKeySwitch
from instruments.switches.driver import SwitchDriver
from instruments.switches.keysight import MODELS, KeysightSwitch
from instruments.switches.ledger import FILE_NAME, ActuationLedger
from instruments.switches.mini_circuits import MiniCircuitsSwitch
from instruments.switches.router import Router
from instruments.transport import Wire
from instruments.transport.lines import open_line_wire
from instruments.transport.opening import open_wire


def open_router(
    config: ArrayConfig, *, clock: Clock, directory: Path | None = None
) -> Router:
    """Make the router of an array; nothing is connected before it is needed.

    Parameters
    ----------
    config
        The array.
    clock
        The time.
    directory
        Where moves are counted; that of the spool where None.
    """
    boxes = {
        name: _make_box(name, section, clock)
        for name, section in config.instruments.switch.items()
    }
    ledger = ActuationLedger((directory or Path(config.spool.directory)) / FILE_NAME)
    return Router(boxes, config.routes, clock=clock, ledger=ledger)


def open_switch(section: SwitchConfig, clock: Clock) -> SwitchDriver:
    """Open the wire of a switch and return its driver, not yet connected.

    Raises
    ------
    InstrumentError
        If it cannot be reached.
    """
    counts = {
        name: one for name, one in section.elements.items() if isinstance(one, int)
    }
    groups = {
        name: one for name, one in section.elements.items() if isinstance(one, dict)
    }
    match section.driver:
        case "mini_circuits_http" | "mini_circuits_telnet":
            return MiniCircuitsSwitch(_open(section), counts)
        case "keysight_34980a" | "keysight_l44xx":
            return KeysightSwitch(_open(section), MODELS[section.driver], groups)
        case "dow_key":
            return DowKeySwitch(_open(section), counts, clock)


def _make_box(name: str, section: SwitchConfig, clock: Clock) -> Box:
    settings = BoxSettings(
        settle_time_s=section.settle_time_s,
        has_read_back=section.read_back,
        is_hot=section.hot_switching,
        max_actuation_count=section.max_actuation_count,
        expected_serial=section.expected_serial,
        io_timeout_s=section.io_timeout_s,
    )
    return Box(name, settings, lambda: open_switch(section, clock))


def _open(section: SwitchConfig) -> Wire:
    if section.driver == "mini_circuits_telnet":
        return open_line_wire(
            section.resource,
            open_timeout_s=section.open_timeout_s,
            io_timeout_s=section.io_timeout_s,
        )
    return open_wire(
        section.resource,
        backend=section.backend,
        open_timeout_s=section.open_timeout_s,
        io_timeout_s=section.io_timeout_s,
    )
