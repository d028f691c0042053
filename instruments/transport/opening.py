"""Which wire a resource asks for: VISA, or HTTP."""

from instruments.transport import visa
from instruments.transport.http import open_http_wire
from instruments.transport.wire import Wire


def open_wire(
    resource: str,
    *,
    backend: str = "@py",
    open_timeout_s: float = 2.0,
    io_timeout_s: float = 5.0,
) -> Wire:
    """Open a session with an instrument.

    Parameters
    ----------
    resource
        VISA resource, or ``http://HOST:PORT``.
    backend
        VISA library, ``"@py"`` or ``"@ivi"``.
    open_timeout_s, io_timeout_s
        Longest wait for the connection and for one reply, in s.

    Returns
    -------
    Wire
        A session for one thread. Through VISA, somebody has answered ``*IDN?``.

    Raises
    ------
    InstrumentError
        If the instrument cannot be reached or does not answer as it should.
    """
    if resource.lower().startswith(("http://", "https://")):
        return open_http_wire(
            resource, open_timeout_s=open_timeout_s, io_timeout_s=io_timeout_s
        )
    return visa.open_wire(
        resource,
        backend=backend,
        open_timeout_s=open_timeout_s,
        io_timeout_s=io_timeout_s,
    )
