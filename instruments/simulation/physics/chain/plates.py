"""The plates of a dilution refrigerator, and how warm each is along a cool-down."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from instruments.simulation.physics.chain.ranges import constant

_HOTTEST_K = 400.0


class Plate(StrEnum):
    """Where a part lives."""

    ROOM = "room"
    """Outside the cryostat."""

    FIFTY_KELVIN = "fifty_kelvin"
    """First stage of the pulse tube."""

    FOUR_KELVIN = "four_kelvin"
    """Second stage of the pulse tube."""

    STILL = "still"
    """Still of the dilution unit."""

    COLD_PLATE = "cold_plate"
    """Intermediate plate of the dilution unit."""

    MIXING_CHAMBER = "mixing_chamber"
    """Coldest plate."""


def _plate_temperature(spread_k: float, default_k: float) -> Any:
    return constant(low=0.0, high=_HOTTEST_K, spread=spread_k, default=default_k)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateTemperatures:
    """Temperature of each plate in K; each a number or one value a sweep."""

    room_k: float = _plate_temperature(1.0, 296.0)
    fifty_kelvin_k: float = _plate_temperature(3.0, 45.0)
    four_kelvin_k: float = _plate_temperature(0.3, 3.5)
    still_k: float = _plate_temperature(0.1, 0.9)
    cold_plate_k: float = _plate_temperature(0.03, 0.12)
    mixing_chamber_k: float = _plate_temperature(0.01, 0.02)

    def at(self, plate: Plate) -> Any:
        """Return the temperature of one plate in K."""
        return getattr(self, f"{plate.value}_k")


_BASE_K = {
    Plate.FIFTY_KELVIN: 45.0,
    Plate.FOUR_KELVIN: 3.5,
    Plate.STILL: 0.9,
    Plate.COLD_PLATE: 0.12,
}


def plates_at(receiver_k: float, room_k: float = 296.0) -> PlateTemperatures:
    """Return the plates of a fridge whose mixing chamber is at a temperature.

    Parameters
    ----------
    receiver_k
        Temperature of the mixing chamber in K, above 0 to 400.

    Notes
    -----
    Above a few kelvin all plates of one fridge warm together; below, each rests at
    its own base: T_plate^2 = T_base^2 + T_mixing_chamber^2, and the first stage,
    which is loaded from outside, joins late. At room temperature all are equal.
    """
    cold = {
        plate: min(math.hypot(base_k, receiver_k), max(room_k, receiver_k))
        for plate, base_k in _BASE_K.items()
    }
    return PlateTemperatures(
        room_k=room_k,
        fifty_kelvin_k=cold[Plate.FIFTY_KELVIN],
        four_kelvin_k=cold[Plate.FOUR_KELVIN],
        still_k=cold[Plate.STILL],
        cold_plate_k=cold[Plate.COLD_PLATE],
        mixing_chamber_k=receiver_k,
    )
