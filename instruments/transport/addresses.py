"""What a VISA resource name says about its wire."""

from dataclasses import dataclass

from pyvisa import rname

from instruments.errors import NotConnectedError
from instruments.transport.wire import Transport

_HISLIP_PORT = 4880
_PORT_MAPPER_PORT = 111


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an instrument is reached.

    Attributes
    ----------
    transport
        What carries the messages.
    host
        Name or number of the host; None where it is no network address.
    port
        The port that must answer first: for VXI-11 without a port of its own that of
        the port mapper.
    """

    transport: Transport
    host: str | None = None
    port: int | None = None


def parse_address(resource: str) -> Address:
    """Read a resource name such as ``TCPIP::10.0.0.7::hislip0::INSTR``.

    A port stands behind a comma: ``TCPIP::10.0.0.7::hislip0,4881::INSTR``, and for
    VXI-11 without a port mapper ``TCPIP::10.0.0.7,1024::inst0::INSTR``.

    Raises
    ------
    NotConnectedError
        If it is no resource name.
    """
    try:
        parsed = rname.parse_resource_name(resource)
    except rname.InvalidResourceName as error:
        raise NotConnectedError(
            f"{resource} is no VISA resource such as "
            f"TCPIP::10.0.0.7::hislip0::INSTR ({error})"
        ) from None
    if isinstance(parsed, rname.TCPIPSocket):
        return Address(
            transport=Transport.SOCKET, host=parsed.host_address, port=int(parsed.port)
        )
    if not isinstance(parsed, rname.TCPIPInstr):
        return Address(transport=Transport.OTHER)
    device, _, device_port = parsed.lan_device_name.partition(",")
    host, _, host_port = parsed.host_address.partition(",")
    if device.lower().startswith("hislip"):
        return Address(
            transport=Transport.HISLIP,
            host=host,
            port=_port(device_port, _HISLIP_PORT),
        )
    return Address(
        transport=Transport.VXI11, host=host, port=_port(host_port, _PORT_MAPPER_PORT)
    )


def _port(text: str, usual_port: int) -> int:
    return int(text) if text.isdigit() else usual_port
