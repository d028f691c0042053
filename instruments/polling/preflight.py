"""Before anything sweeps: each instrument is the one that the array file means."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

from instruments.array import ArrayFile
from instruments.array.config import ConnectionConfig, SensorConfig, SwitchConfig
from instruments.array.misfit import Path
from instruments.clock import Clock
from instruments.errors import IdentityMismatchError, InstrumentError
from instruments.measurement import InstrumentIdentity
from instruments.scpi import parse_identity
from instruments.sensors import Sensor, open_sensor_wire
from instruments.switches import open_switch
from instruments.transport import open_wire

_log = logging.getLogger(__name__)

MAX_AT_ONCE = 16
"""Instruments that are asked at a time."""

_Ask = Callable[[], InstrumentIdentity]


def check_identities(file: ArrayFile, clock: Clock) -> list[str]:
    """Ask every instrument who it is, and refuse to start with a wrong one.

    Nothing is set. An instrument that does not answer is no mistake: it may be
    switched on later, and is asked again before it is used.

    Parameters
    ----------
    file
        The array file, with its lines.
    clock
        The time.

    Returns
    -------
    list of str
        The instruments that did not answer.

    Raises
    ------
    ArrayConfigError
        If another instrument answers than the file names: file, line, key, mend.
    """
    asked = list(_questions(file, clock))
    with ThreadPoolExecutor(min(MAX_AT_ONCE, max(len(asked), 1))) as pool:
        answers = list(pool.map(lambda one: _answer(one[2]), asked))
    silent: list[str] = []
    for (path, section, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, IdentityMismatchError):
            key = "driver" if isinstance(section, SensorConfig | SwitchConfig) else ""
            where = (*path, key) if key else path
            raise file.mistake(
                where, f"{answer}; correct this, or the address of {path[-1]}"
            )
        if isinstance(answer, InstrumentError):
            _log.warning("%s: does not answer yet (%s)", path[-1], answer)
            silent.append(path[-1])
        elif section.expected_serial not in (None, answer.serial):
            raise file.mistake(
                (*path, "expected_serial"),
                f"is {section.expected_serial}, but the instrument at "
                f"{section.resource} says that it is {answer.serial}; correct the "
                "number or the resource",
            )
    return silent


def _questions(
    file: ArrayFile, clock: Clock
) -> Iterator[tuple[Path, ConnectionConfig, _Ask]]:
    instruments = file.config.instruments
    for name, vna in instruments.vna.items():
        yield ("instruments", "vna", name), vna, partial(_ask_vna, vna)
    for name, sensor in instruments.sensor.items():
        path = ("instruments", "sensor", name)
        yield path, sensor, partial(_ask_sensor, name, sensor, clock)
    for name, switch in instruments.switch.items():
        path = ("instruments", "switch", name)
        yield path, switch, partial(_ask_switch, switch, clock)


def _answer(ask: _Ask) -> InstrumentIdentity | InstrumentError:
    try:
        return ask()
    except InstrumentError as error:
        return error


def _ask_vna(section: ConnectionConfig) -> InstrumentIdentity:
    wire = open_wire(
        section.resource,
        backend=section.backend,
        open_timeout_s=section.open_timeout_s,
        io_timeout_s=section.io_timeout_s,
    )
    with closing(wire):
        return parse_identity(wire.query("*IDN?"))


def _ask_sensor(name: str, section: SensorConfig, clock: Clock) -> InstrumentIdentity:
    wire = open_sensor_wire(
        section.driver,
        section.resource,
        backend=section.backend,
        open_timeout_s=section.open_timeout_s,
        io_timeout_s=section.io_timeout_s,
    )
    with closing(wire):
        return Sensor(
            wire,
            clock=clock,
            name=name,
            driver=section.driver,
            readings=section.readings,
        ).connect()


def _ask_switch(section: SwitchConfig, clock: Clock) -> InstrumentIdentity:
    with closing(open_switch(section, clock)) as driver:
        return driver.connect()
