"""Serving the emulated boxes of RF switches."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TypeAlias
from urllib.parse import urlsplit

from instruments.array.config import SwitchConfig
from instruments.simulation.addresses import Address, FrontKind, parse_resource
from instruments.simulation.fronts.hislip import HislipFront
from instruments.simulation.fronts.instrument_front import InstrumentFront
from instruments.simulation.fronts.sessions import PORT_ANY
from instruments.simulation.fronts.vxi11 import Vxi11Front
from instruments.simulation.scpi.device import ScpiDevice
from instruments.simulation.switches.box import SwitchBox
from instruments.simulation.switches.fronts import (
    TELNET_GREETING,
    HttpAddress,
    HttpFront,
    LineFront,
    TextFront,
)
from instruments.simulation.switches.mini_circuits import MiniCircuitsBox
from instruments.simulation.switches.scpi_boxes import DowKeyMatrix, KeysightUnit

AnyAddress: TypeAlias = Address | HttpAddress

_KEYSIGHT_MODELS: Mapping[str, str] = {
    "keysight_34980a": "34980A",
    "keysight_l44xx": "L4445A",
}


async def open_switch_front(
    stack: AsyncExitStack, name: str, section: SwitchConfig, box: SwitchBox
) -> AnyAddress:
    """Serve a box where the array file says, until the stack closes.

    Raises
    ------
    ArrayConfigError
        If its resource cannot be emulated.
    OSError
        If its port is taken.
    """
    if section.driver == "mini_circuits_http":
        device = MiniCircuitsBox(box, name)
        return await open_http_front(
            stack, section.resource, HttpFront(device.answer, box)
        )
    wanted = parse_resource(name, section.resource)
    front = _front_of(section, name, box, wanted.kind)
    stack.push_async_callback(front.close)
    return Address(wanted.kind, await front.start(wanted.port))


async def open_http_front(
    stack: AsyncExitStack, resource: str, front: HttpFront
) -> HttpAddress:
    """Serve a small instrument at the port of ``http://HOST:PORT``, 0 for a free one.

    Raises
    ------
    OSError
        If the port is taken.
    """
    stack.push_async_callback(front.close)
    return HttpAddress(await front.start(urlsplit(resource).port or PORT_ANY))


def scpi_line(device: ScpiDevice, text: str) -> str | None:
    """Have a device without overlapped operations answer one line."""
    reply = device.begin(text.encode(), is_raw_socket=True).reply
    return None if reply is None else reply.decode().strip()


def _front_of(
    section: SwitchConfig, name: str, box: SwitchBox, kind: FrontKind
) -> InstrumentFront | TextFront:
    if section.driver == "mini_circuits_telnet":
        answer = MiniCircuitsBox(box, name).answer
        return LineFront(answer, box, greeting=TELNET_GREETING)
    device: ScpiDevice = (
        DowKeyMatrix(box, name)
        if section.driver == "dow_key"
        else KeysightUnit(box, _KEYSIGHT_MODELS[section.driver], name)
    )
    match kind:
        case FrontKind.SOCKET:
            return LineFront(
                lambda text: scpi_line(device, text), box, terminator=b"\n"
            )
        case FrontKind.HISLIP:
            return HislipFront(device)
        case FrontKind.VXI11:
            return Vxi11Front(device)
