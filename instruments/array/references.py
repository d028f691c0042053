"""The checks that span sections: every name that is used must exist, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instruments.errors import ArrayConfigError
from instruments.measurement.units import UNIT_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from instruments.array.config import ArrayConfig

_READING_SUFFIX = {"lakeshore_372": "_k", "lakeshore_475": "_tesla"}


def check_references(config: ArrayConfig) -> None:
    """Refuse an array whose sections do not fit together.

    Raises
    ------
    ArrayConfigError
        If a name is used that no section defines, two cavities share a VNA, a
        reading is defined twice or a unit does not fit.
    """
    _check_vnas(config)
    _check_sensors(config)
    _check_conditions(config)
    for name in config.schedule:
        _require(f"schedule.{name}", name, config.sweeps, "sweeps")


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


def _check_vnas(config: ArrayConfig) -> None:
    taken: dict[str, str] = {}
    for name, cavity in config.cavities.items():
        key = f"cavities.{name}.vna"
        _require(key, cavity.vna, config.instruments.vna, "instruments.vna")
        if not cavity.enabled:
            continue
        if cavity.vna in taken:
            raise ArrayConfigError(
                f"{key}: {cavity.vna} already looks at {taken[cavity.vna]}; give each "
                "enabled cavity a VNA of its own"
            )
        taken[cavity.vna] = name


def _check_sensors(config: ArrayConfig) -> None:
    owners: dict[tuple[str | None, str], str] = {}
    shared = config.instruments.vna.keys() & config.instruments.sensor.keys()
    if shared:
        name = min(shared)
        raise ArrayConfigError(
            f"instruments.sensor.{name}: instruments.vna has the same name; rename one"
        )
    for name, sensor in config.instruments.sensor.items():
        key = f"instruments.sensor.{name}"
        if sensor.cavity is not None:
            _require(f"{key}.cavity", sensor.cavity, config.cavities, "cavities")
        suffix = _READING_SUFFIX[sensor.driver]
        for channel, reading in sensor.readings.items():
            if not reading.endswith(suffix):
                raise ArrayConfigError(
                    f"{key}.readings.{channel}: {reading} must end in {suffix}, "
                    f"the unit that {sensor.driver} reads"
                )
            scopes = {sensor.cavity} if sensor.cavity else {None, *config.cavities}
            for scope in scopes:
                other = owners.setdefault((scope, reading), f"{name}.{channel}")
                if other != f"{name}.{channel}":
                    raise ArrayConfigError(
                        f"{key}.readings.{channel}: {reading} is already read by "
                        f"instruments.sensor.{other}; give it another name"
                    )


def _check_conditions(config: ArrayConfig) -> None:
    for name, cavity in config.cavities.items():
        known = readings_of(config, name)
        for condition, reading in cavity.conditions.items():
            key = f"cavities.{name}.conditions.{condition}"
            _require(key, reading, known, "the readings of this cavity's sensors")
            suffix = _suffix(reading)
            if not condition.endswith(suffix):
                raise ArrayConfigError(
                    f"{key}: must end in {suffix}, the unit of {reading}"
                )


def _suffix(name: str) -> str:
    return next(suffix for suffix in UNIT_SUFFIXES if name.endswith(suffix))


def _require(key: str, name: str, known: Iterable[str], where: str) -> None:
    names = sorted(known)
    if name not in names:
        listed = ", ".join(names[:10]) or "empty"
        raise ArrayConfigError(
            f"{key}: {name} is not among {where} ({listed}); name one of those"
        )
