"""VISA resource names: which front and port an array file asks for."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from instruments.errors import ArrayConfigError
from instruments.simulation.fronts.sessions import LOOPBACK, PORT_ANY


class FrontKind(StrEnum):
    """The doors of an instrument."""

    HISLIP = "hislip"
    VXI11 = "vxi11"
    SOCKET = "socket"


_PATTERNS = {
    FrontKind.HISLIP: re.compile(
        r"TCPIP\d*::[^:]+::hislip\d+(?:,(?P<port>\d+))?(?:::INSTR)?", re.IGNORECASE
    ),
    FrontKind.VXI11: re.compile(
        r"TCPIP\d*::[^:,]+(?:,(?P<port>\d+))?(?:::inst\d+)?::INSTR", re.IGNORECASE
    ),
    FrontKind.SOCKET: re.compile(
        r"TCPIP\d*::[^:]+::(?P<port>\d+)::SOCKET", re.IGNORECASE
    ),
}


_HOST = re.compile(r"TCPIP\d*::(?P<host>[^:,]+)", re.IGNORECASE)
_THIS_MACHINE = frozenset({LOOPBACK, "localhost"})


@dataclass(frozen=True, slots=True)
class Address:
    """A front and its port, 0 for a free one."""

    kind: FrontKind
    port: int

    @property
    def resource(self) -> str:
        """VISA resource name on this machine."""
        match self.kind:
            case FrontKind.HISLIP:
                return f"TCPIP::{LOOPBACK}::hislip0,{self.port}::INSTR"
            case FrontKind.VXI11:
                return f"TCPIP::{LOOPBACK},{self.port}::inst0::INSTR"
            case _:
                return f"TCPIP::{LOOPBACK}::{self.port}::SOCKET"


def parse_resource(instrument: str, resource: str) -> Address:
    """Read which front and port a VISA resource name asks for.

    Raises
    ------
    ArrayConfigError
        If it is none of HiSLIP, VXI-11 and SOCKET, or its port does not exist.
    """
    for kind, pattern in _PATTERNS.items():
        match = pattern.fullmatch(resource.strip())
        if match is not None:
            port = int(match["port"] or PORT_ANY)
            if port > 65_535:
                raise ArrayConfigError(f"{instrument}: there is no port {port}")
            return Address(kind, port)
    raise ArrayConfigError(
        f"{instrument}: {resource} cannot be emulated; name it "
        "TCPIP::127.0.0.1::hislip0,PORT::INSTR, TCPIP::127.0.0.1,PORT::inst0::INSTR "
        "or TCPIP::127.0.0.1::PORT::SOCKET"
    )


def on_free_port(instrument: str, resource: str) -> str | None:
    """Return where an instrument of another host is served if its port is taken here.

    Instruments of several hosts often share a port, and some have ports below 1024,
    which not everybody may open.

    Returns
    -------
    str or None
        A resource on this machine with port 0; None where it is on this machine anyway.

    Raises
    ------
    ArrayConfigError
        If the resource cannot be emulated.
    """
    if resource.lower().startswith("http://"):
        is_here = urlsplit(resource).hostname in _THIS_MACHINE
        return None if is_here else f"http://{LOOPBACK}:{PORT_ANY}"
    match = _HOST.match(resource.strip())
    if match is not None and match["host"].lower() in _THIS_MACHINE:
        return None
    return Address(parse_resource(instrument, resource).kind, PORT_ANY).resource
