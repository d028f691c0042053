"""The checks that span sections: every name that is used must exist, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instruments.array.misfit import MisfitError, Path
from instruments.array.sharing import check_sharing
from instruments.measurement.units import UNIT_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from instruments.array.config import ArrayConfig
    from instruments.array.connection import ConnectionConfig
    from instruments.array.sweeps import SweepConfig


def check_references(config: ArrayConfig) -> None:
    """Refuse an array whose sections do not fit together.

    Raises
    ------
    MisfitError
        If a name is used that no section defines, two cavities or instruments are in
        one place, a reading is defined twice, or a unit or limit does not fit.
    """
    _check_instruments(config)
    _check_routes(config)
    for name in config.schedule:
        _require(("schedule", name), name, config.sweeps, "sweeps")
    _check_cavities(config)
    check_sharing(config)
    _check_limits(config)
    _check_sensors(config)
    _check_conditions(config)
    if config.simulation is not None:
        for vna in config.simulation.models:
            where = ("simulation", "models", vna)
            _require(where, vna, config.instruments.vna, "instruments.vna")


def readings_of(config: ArrayConfig, cavity: str) -> dict[str, str]:
    """Name the readings that describe a cavity, each with its sensor.

    Returns
    -------
    dict
        Reading name to sensor name: those of the whole array, and the cavity's own.
    """
    return {
        reading: name
        for name, sensor in config.instruments.sensor.items()
        if sensor.cavity in (None, cavity)
        for reading in sensor.readings.values()
    }


def _check_instruments(config: ArrayConfig) -> None:
    kinds: dict[str, Mapping[str, ConnectionConfig]] = {
        "vna": config.instruments.vna,
        "sensor": config.instruments.sensor,
        "switch": config.instruments.switch,
    }
    names: dict[str, str] = {}
    places: dict[str, str] = {}
    for kind, section in kinds.items():
        for name, instrument in section.items():
            where = ("instruments", kind, name)
            if name in names:
                raise MisfitError(
                    where, f"instruments.{names[name]} has the same name; rename one"
                )
            names[name] = kind
            place = instrument.resource.casefold()
            # Emulated instruments get their ports when they are served.
            if place in places and "127.0.0.1" not in place:
                raise MisfitError(
                    (*where, "resource"),
                    f"{instrument.resource} is already {places[place]}; two "
                    "instruments cannot be in one place",
                )
            places[place] = name


def _check_routes(config: ArrayConfig) -> None:
    switches = config.instruments.switch
    for route, boxes in config.routes.items():
        for switch, elements in boxes.items():
            where = ("routes", route, switch)
            _require(where, switch, switches, "instruments.switch")
            box = switches[switch]
            for element, position in elements.items():
                place = f"the elements of {switch}"
                _require((*where, element), element, box.elements, place)
                known = box.positions_of(element)
                place = f"the positions of element {element}"
                _require((*where, element), position, known, place)


def _check_cavities(config: ArrayConfig) -> None:
    for name, cavity in config.cavities.items():
        where = ("cavities", name)
        _require((*where, "vna"), cavity.vna, config.instruments.vna, "instruments.vna")
        if cavity.route is not None:
            _require((*where, "route"), cavity.route, config.routes, "routes")
        for sweep, route in cavity.routes.items():
            _require((*where, "routes", sweep), sweep, config.sweeps, "sweeps")
            _require((*where, "routes", sweep), route, config.routes, "routes")


def _check_limits(config: ArrayConfig) -> None:
    for cavity in config.cavities.values():
        vna = config.instruments.vna[cavity.vna]
        for name in config.schedule:
            sweep = config.sweeps[name]
            most_dbm, most = vna.max_source_power_dbm, vna.max_point_count
            if most_dbm is not None:
                _check_power(("sweeps", name), sweep, cavity.vna, most_dbm)
            if most is not None and sweep.point_count > most:
                raise MisfitError(
                    ("sweeps", name, "point_count"),
                    f"{sweep.point_count} are more than {cavity.vna} takes "
                    f"(max_point_count {most}); ask for fewer",
                )


def _check_power(where: Path, sweep: SweepConfig, vna: str, most_dbm: float) -> None:
    fine = getattr(sweep, "fine", None)
    powers_dbm = {
        (*where, "source_power_dbm"): sweep.source_power_dbm,
        (*where, "fine", "source_power_dbm"): getattr(fine, "source_power_dbm", None),
    }
    for path, power_dbm in powers_dbm.items():
        if power_dbm is not None and power_dbm > most_dbm:
            raise MisfitError(
                path,
                f"{power_dbm:g} dBm is above what {vna} may send "
                f"(max_source_power_dbm {most_dbm:g}); lower it",
            )


def _check_sensors(config: ArrayConfig) -> None:
    owners: dict[tuple[str | None, str], str] = {}
    for name, sensor in config.instruments.sensor.items():
        where = ("instruments", "sensor", name)
        if sensor.cavity is not None:
            _require((*where, "cavity"), sensor.cavity, config.cavities, "cavities")
        for channel, reading in sensor.readings.items():
            scopes = {sensor.cavity} if sensor.cavity else {None, *config.cavities}
            for scope in scopes:
                other = owners.setdefault((scope, reading), f"{name}.{channel}")
                if other != f"{name}.{channel}":
                    raise MisfitError(
                        (*where, "readings", channel),
                        f"{reading} is already read by instruments.sensor.{other}; "
                        "give it another name",
                    )


def _check_conditions(config: ArrayConfig) -> None:
    for name, cavity in config.cavities.items():
        known = readings_of(config, name)
        for condition, reading in cavity.conditions.items():
            where = ("cavities", name, "conditions", condition)
            _require(where, reading, known, "the readings of this cavity's sensors")
            suffix = _suffix(reading)
            if not condition.endswith(suffix):
                raise MisfitError(where, f"must end in {suffix}, the unit of {reading}")


def _suffix(name: str) -> str:
    return next(suffix for suffix in UNIT_SUFFIXES if name.endswith(suffix))


def _require(path: Path, name: str, known: Iterable[str], where: str) -> None:
    names = sorted(known)
    if name not in names:
        listed = ", ".join(names[:10]) or "empty"
        raise MisfitError(
            path, f"{name} is not among {where} ({listed}); name one of those"
        )
