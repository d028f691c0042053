"""Opening the wire of a sensor: by VISA, by HTTP, or past a greeting."""

from instruments.sensors.kinds import KINDS
from instruments.transport import Wire, open_line_wire, open_wire


def open_sensor_wire(
    driver: str,
    resource: str,
    *,
    backend: str = "@py",
    open_timeout_s: float = 2.0,
    io_timeout_s: float = 5.0,
) -> Wire:
    """Open a session with a sensor.

    Parameters
    ----------
    driver
        One of ``KINDS``.
    resource
        VISA resource, or ``http://HOST:PORT``.
    backend, open_timeout_s, io_timeout_s
        As for ``open_wire``.

    Raises
    ------
    InstrumentError
        If it cannot be reached.
    """
    greeting = KINDS[driver].greets
    if greeting is not None and resource.strip().upper().endswith("SOCKET"):
        return open_line_wire(
            resource,
            open_timeout_s=open_timeout_s,
            io_timeout_s=io_timeout_s,
            greeting=greeting,
        )
    return open_wire(
        resource,
        backend=backend,
        open_timeout_s=open_timeout_s,
        io_timeout_s=io_timeout_s,
    )
