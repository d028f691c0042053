"""Serving a whole emulated array: every VNA and sensor, and the control port."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from instruments.array import ArrayConfig
from instruments.clock import Clock, SystemClock
from instruments.errors import ArrayConfigError
from instruments.simulation.array import EmulatedArray
from instruments.simulation.control import ControlPort
from instruments.simulation.doors import (
    open_doors,
    open_sensor,
    open_switch,
    port_taken,
)
from instruments.simulation.faults import WIRE_FAULTS, Fault
from instruments.simulation.fronts.sessions import PORT_ANY
from instruments.simulation.living_array import build_array
from instruments.simulation.scenarios import ScenarioFile
from instruments.simulation.switches.serving import AnyAddress
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.instrument import build_vna
from instruments.simulation.vna.models import MODELS, model_of
from instruments.simulation.wire_faults import WireFaults


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedArray:
    """What is being served, and where.

    Attributes
    ----------
    array
        The emulated array behind all instruments.
    config
        The array file with the addresses that were taken, and the time scale.
    resources
        Instrument to its VISA resource names, the one in ``config`` first.
    control_port
        TCP port of the control port on 127.0.0.1.
    vnas
        The emulated VNAs by name.
    """

    array: EmulatedArray
    config: ArrayConfig
    resources: Mapping[str, tuple[str, ...]]
    control_port: int
    vnas: Mapping[str, EmulatedVna]


@asynccontextmanager
async def serve_array(
    config: ArrayConfig,
    *,
    speed: float = 1.0,
    control_port: int = PORT_ANY,
    clock: Clock | None = None,
    is_instant: bool = False,
    is_noiseless: bool = False,
    scenario: ScenarioFile | None = None,
) -> AsyncIterator[ServedArray]:
    """Serve every instrument of an array on 127.0.0.1 until the context ends.

    Parameters
    ----------
    config
        The array; a resource with port 0 or none gets a free port.
    speed
        Emulated seconds in one real second.
    control_port
        TCP port of the control port, 0 for a free one.
    clock
        Where real time comes from; the machine's where None.
    is_instant
        Sweeps take no time; the receivers are looked at every minute or so.
    is_noiseless
        Traces are the physics alone.
    scenario
        What happens to the array.

    Raises
    ------
    ArrayConfigError
        If a resource cannot be emulated, or its port is taken.
    """
    array = build_array(
        config, clock=clock or SystemClock(), speed=speed, scenario=scenario
    )
    async with AsyncExitStack() as stack:
        wires = {name: WireFaults() for name in config.instruments.vna}
        vnas = {
            name: build_vna(
                array,
                name,
                model_name(config, name),
                faults=wire,
                is_instant=is_instant,
                is_noiseless=is_noiseless,
            )
            for name, wire in wires.items()
        }
        for vna in vnas.values():
            stack.callback(vna.close)
        taken: dict[str, tuple[AnyAddress, ...]] = {}
        for name, vna in vnas.items():
            resource = config.instruments.vna[name].resource
            taken[name] = await open_doors(stack, name, vna, resource, wires[name])
        for name, sensor in config.instruments.sensor.items():
            taken[name] = (await open_sensor(stack, name, sensor, array),)
        for name, switch in config.instruments.switch.items():
            taken[name] = (await open_switch(stack, name, switch, array),)
        _connect_wires(array, wires)
        yield ServedArray(
            array=array,
            config=_resolve(config, taken, speed),
            resources={
                name: tuple(address.resource for address in addresses)
                for name, addresses in taken.items()
            },
            control_port=await _open_control(stack, array, vnas, control_port),
            vnas=vnas,
        )


async def _open_control(
    stack: AsyncExitStack,
    array: EmulatedArray,
    vnas: Mapping[str, EmulatedVna],
    port: int,
) -> int:
    control = ControlPort(array, vnas)
    stack.push_async_callback(control.close)
    try:
        return await control.start(port)
    except OSError as error:
        raise port_taken("control port", port) from error


def _connect_wires(array: EmulatedArray, wires: Mapping[str, WireFaults]) -> None:
    """Let wire faults reach the VNAs, from whatever thread they are injected."""
    loop = asyncio.get_running_loop()

    def listen(fault: Fault) -> None:
        loop.call_soon_threadsafe(_switch, array, wires, fault)

    array.faults.listen(listen)


def model_name(config: ArrayConfig, vna: str) -> str:
    """Return which model a VNA of an array is emulated as.

    Raises
    ------
    ArrayConfigError
        If the array file chooses a model that is not emulated.
    """
    chosen = config.simulation.models.get(vna) if config.simulation else None
    if chosen is not None and chosen not in MODELS:
        known = ", ".join(MODELS)
        raise ArrayConfigError(
            f"simulation.models.{vna}: there is no model {chosen}; there are {known}"
        )
    return model_of(config.instruments.vna[vna].dialect, chosen).name


def _switch(
    array: EmulatedArray, wires: Mapping[str, WireFaults], fault: Fault
) -> None:
    """Turn a wire fault of a cavity into switches of its VNA."""
    if fault.kind not in WIRE_FAULTS or fault.cavity is None:
        return
    wire = wires[array.cavities[fault.cavity].vna]
    if fault.cleared_s is None:
        wire.add(fault)
    else:
        wire.remove(fault.kind)


def _resolve(
    config: ArrayConfig, taken: Mapping[str, tuple[AnyAddress, ...]], speed: float
) -> ArrayConfig:
    document = config.model_dump(mode="json", exclude_none=True)
    for section in document["instruments"].values():
        for name, instrument in section.items():
            instrument["resource"] = taken[name][0].resource
            instrument["time_scale"] = speed
    return ArrayConfig.model_validate(document)
