"""What can go wrong between the VNA and the cavity."""

from instruments.errors import InstrumentError


class RouteError(InstrumentError):
    """A route cannot be set, or reads back with another position."""


class SwitchBusyError(RouteError):
    """Somebody else holds an element of the route and does not let go in time."""
