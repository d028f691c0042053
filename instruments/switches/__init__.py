"""RF switches: routes that are set, read back, and held for a sweep."""

from instruments.switches.driver import SwitchDriver
from instruments.switches.errors import RouteError, SwitchBusyError
from instruments.switches.opening import open_router, open_switch
from instruments.switches.router import Router
from instruments.switches.selection import SelectedRoute, SwitchState

__all__ = [
    "RouteError",
    "Router",
    "SelectedRoute",
    "SwitchBusyError",
    "SwitchDriver",
    "SwitchState",
    "open_router",
    "open_switch",
]
