"""Opening the doors of emulated instruments where their resources say."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from instruments.array.config import SensorConfig, SwitchConfig
from instruments.errors import ArrayConfigError
from instruments.simulation.addresses import (
    Address,
    FrontKind,
    on_free_port,
    parse_resource,
)
from instruments.simulation.array import EmulatedArray
from instruments.simulation.fronts.hislip import HislipFront
from instruments.simulation.fronts.instrument_front import InstrumentFront
from instruments.simulation.fronts.raw_socket import RawSocketFront
from instruments.simulation.fronts.sessions import PORT_ANY
from instruments.simulation.fronts.vxi11 import Vxi11Front
from instruments.simulation.scpi.device import ScpiDevice
from instruments.simulation.sensors.serving import open_sensor_front
from instruments.simulation.switches.serving import AnyAddress, open_switch_front
from instruments.simulation.wire_faults import WireFaults

_FRONTS: Mapping[FrontKind, type[InstrumentFront]] = {
    FrontKind.HISLIP: HislipFront,
    FrontKind.VXI11: Vxi11Front,
    FrontKind.SOCKET: RawSocketFront,
}


async def open_doors(
    stack: AsyncExitStack,
    name: str,
    device: ScpiDevice,
    resource: str,
    wire: WireFaults,
) -> tuple[Address, ...]:
    """Open the door that the array file names for a VNA, then one of each other kind.

    Raises
    ------
    ArrayConfigError
        If the resource cannot be emulated, or its port is taken on this machine.
    """
    wanted = parse_resource(name, resource)
    try:
        first = await _open(stack, name, device, wanted, wire)
    except ArrayConfigError:
        instead = on_free_port(name, resource)
        if instead is None:
            raise
        first = await _open(stack, name, device, parse_resource(name, instead), wire)
    further = [
        await _open(stack, name, device, Address(kind, PORT_ANY), wire)
        for kind in FrontKind
        if kind is not wanted.kind
    ]
    return (first, *further)


async def _open(
    stack: AsyncExitStack,
    name: str,
    device: ScpiDevice,
    address: Address,
    wire: WireFaults,
) -> Address:
    front = _FRONTS[address.kind](device, wire)
    stack.push_async_callback(front.close)
    try:
        return Address(address.kind, await front.start(address.port))
    except OSError as error:
        raise port_taken(name, address.port) from error


async def open_switch(
    stack: AsyncExitStack, name: str, section: SwitchConfig, array: EmulatedArray
) -> AnyAddress:
    """Serve a box of switches where the array file says, until the stack closes.

    Raises
    ------
    ArrayConfigError
        If its resource cannot be emulated, or its port is taken on this machine.
    """
    try:
        return await open_switch_front(stack, name, section, array.boxes[name])
    except OSError as error:
        instead = on_free_port(name, section.resource)
        if instead is None:
            raise _resource_taken(name, section.resource) from error
        moved = section.model_copy(update={"resource": instead})
        return await open_switch(stack, name, moved, array)


async def open_sensor(
    stack: AsyncExitStack, name: str, section: SensorConfig, array: EmulatedArray
) -> AnyAddress:
    """Serve a sensor where the array file says, until the stack closes.

    Raises
    ------
    ArrayConfigError
        If its resource cannot be emulated, or its port is taken on this machine.
    """
    try:
        return await open_sensor_front(stack, array, name, section)
    except OSError as error:
        instead = on_free_port(name, section.resource)
        if instead is None:
            raise _resource_taken(name, section.resource) from error
        moved = section.model_copy(update={"resource": instead})
        return await open_sensor(stack, name, moved, array)


def _resource_taken(name: str, resource: str) -> ArrayConfigError:
    return ArrayConfigError(
        f"{name}: {resource} cannot be opened on 127.0.0.1; name another port, or 0"
    )


def port_taken(name: str, port: int) -> ArrayConfigError:
    """Say in one sentence that something else listens at a port."""
    return ArrayConfigError(
        f"{name}: port {port} on 127.0.0.1 cannot be opened; name another one, or 0"
    )
