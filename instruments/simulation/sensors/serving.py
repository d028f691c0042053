"""Serving the emulated sensors."""

from contextlib import AsyncExitStack

from instruments.array.config import SensorConfig
from instruments.simulation.addresses import Address, FrontKind, parse_resource
from instruments.simulation.array import EmulatedArray
from instruments.simulation.fronts.hislip import HislipFront
from instruments.simulation.fronts.instrument_front import InstrumentFront
from instruments.simulation.fronts.raw_socket import RawSocketFront
from instruments.simulation.fronts.vxi11 import Vxi11Front
from instruments.simulation.scpi.device import ScpiDevice
from instruments.simulation.sensors.lakeshore import (
    Lakeshore336,
    Lakeshore372,
    LakeshoreGaussmeter,
)
from instruments.simulation.sensors.magnet import GREETING, Ami430
from instruments.simulation.sensors.rod import JsonSource
from instruments.simulation.switches.box import BoxFaults
from instruments.simulation.switches.fronts import HttpFront, LineFront, TextFront
from instruments.simulation.switches.serving import (
    AnyAddress,
    open_http_front,
    scpi_line,
)


class _Well:
    """Nothing is wrong with the wire."""

    faults = BoxFaults()


async def open_sensor_front(
    stack: AsyncExitStack, array: EmulatedArray, name: str, section: SensorConfig
) -> AnyAddress:
    """Serve a sensor where the array file says, until the stack closes.

    Raises
    ------
    ArrayConfigError
        If its resource cannot be emulated.
    OSError
        If its port is taken.
    """
    if section.driver == "http_json":
        factors = {channel: section.factor_of(channel) for channel in section.readings}
        source = JsonSource(array, name, factors)
        return await open_http_front(
            stack, section.resource, HttpFront(source.answer, source)
        )
    wanted = parse_resource(name, section.resource)
    front = _front_of(build_sensor(array, name, section), wanted.kind)
    stack.push_async_callback(front.close)
    return Address(wanted.kind, await front.start(wanted.port))


def build_sensor(array: EmulatedArray, name: str, section: SensorConfig) -> ScpiDevice:
    """Build the device of a sensor that speaks SCPI or something like it."""
    match section.driver:
        case "lakeshore_336":
            return Lakeshore336(array, name, section.readings)
        case "lakeshore_372":
            return Lakeshore372(array, name, section.readings)
        case "lakeshore_425":
            return LakeshoreGaussmeter(array, name, section.cavity, "425")
        case "ami_430":
            return Ami430(array, name)
        case _:
            return LakeshoreGaussmeter(array, name, section.cavity, "475")


def _front_of(device: ScpiDevice, kind: FrontKind) -> InstrumentFront | TextFront:
    match kind:
        case FrontKind.SOCKET if isinstance(device, Ami430):
            return LineFront(
                lambda text: scpi_line(device, text), _Well(), greeting=GREETING
            )
        case FrontKind.SOCKET:
            return RawSocketFront(device)
        case FrontKind.HISLIP:
            return HislipFront(device)
        case FrontKind.VXI11:
            return Vxi11Front(device)
