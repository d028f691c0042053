"""Resource names say what carries the messages, and which port must answer."""

import pytest

from instruments.errors import NotConnectedError
from instruments.transport import Transport
from instruments.transport.addresses import parse_address


@pytest.mark.parametrize(
    ("resource", "transport", "host", "port"),
    [
        ("TCPIP::10.0.0.7::5025::SOCKET", Transport.SOCKET, "10.0.0.7", 5025),
        ("TCPIP0::vna::hislip0::INSTR", Transport.HISLIP, "vna", 4880),
        ("TCPIP::vna::hislip0,4881::INSTR", Transport.HISLIP, "vna", 4881),
        ("TCPIP::10.0.0.7::INSTR", Transport.VXI11, "10.0.0.7", 111),
        ("TCPIP::10.0.0.7::inst0::INSTR", Transport.VXI11, "10.0.0.7", 111),
        ("TCPIP::10.0.0.7,1024::inst0::INSTR", Transport.VXI11, "10.0.0.7", 1024),
        ("GPIB0::5::INSTR", Transport.OTHER, None, None),
    ],
)
def test_resource_is_read(resource, transport, host, port):
    address = parse_address(resource)
    assert (address.transport, address.host, address.port) == (transport, host, port)


def test_what_is_no_resource_is_refused():
    with pytest.raises(NotConnectedError, match="no VISA resource"):
        parse_address("nonsense")
