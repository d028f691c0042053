"""The demo's array file: so many cavities, their times divided by the speed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instruments.array.config import ArrayConfig
from instruments.array.loader import load_array

ARRAY_FILE = Path(__file__).with_name("array.yaml")
"""Six emulated cavities; times in seconds of the array."""

MODEL_FOLDER = Path(__file__).parents[2] / "models" / "shipped" / "emulated_array"
"""The model that ships with halowatch; it knows the emulated array and nothing else."""

MAX_CAVITY_COUNT = 18
"""More than one process of emulated VNAs serves on a laptop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The array that is played, and how fast its time runs."""

    config: ArrayConfig
    speed: float

    @property
    def cavities(self) -> tuple[str, ...]:
        """Names of the cavities, in order."""
        return tuple(self.config.cavities)


def build_fleet(cavity_count: int, speed: float, spool: Path) -> Fleet:
    """Take the demo's array to a number of cavities and a speed.

    Parameters
    ----------
    cavity_count
        1 to 18; beyond the six of the file, cavities are built alike under new names.
    speed
        Array seconds in one second.
    spool
        Folder of the poller's spool.
    """
    document = load_array(ARRAY_FILE).model_dump(mode="json", exclude_none=True)
    base = list(document["cavities"])
    vna, sensor = document["instruments"]["vna"], document["instruments"]["sensor"]
    cavities: dict[str, Any] = {}
    kept_vna: dict[str, Any] = {}
    kept_sensor = {name: s for name, s in sensor.items() if "cavity" not in s}
    for index in range(cavity_count):
        name, twin = f"cavity-{index + 1}", base[index % len(base)]
        own = document["cavities"][twin]
        kept_vna[f"vna-{index + 1}"] = vna[own["vna"]]
        cavities[name] = own | {"vna": f"vna-{index + 1}"}
        gaussmeter = next(s for s in sensor.values() if s.get("cavity") == twin)
        kept_sensor[f"gaussmeter-{index + 1}"] = gaussmeter | {"cavity": name}
    for section in kept_sensor.values():
        section["period_s"] /= speed
    for entry in document["schedule"].values():
        entry["period_s"] /= speed
        entry["phase_s"] = entry.get("phase_s", 0.0) / speed
    document["cavities"] = cavities
    document["instruments"] = {"vna": kept_vna, "sensor": kept_sensor}
    document["spool"] = {"directory": str(spool)}
    return Fleet(config=ArrayConfig.model_validate(document), speed=speed)
