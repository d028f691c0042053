"""A healthy emulator as arrays and a JSON-ready record, and back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.emulation.design import Design
from models.emulation.healthy import HealthyEmulator
from models.errors import ModelFolderError
from models.stored_arrays import (
    Arrays,
    ArrayTaker,
    is_positive,
    symmetric,
    triangle_of,
)


def emulator_record(emulator: HealthyEmulator) -> dict[str, Any]:
    """Return all of an emulator that is no array."""
    return {
        "field_scale": emulator.design.field_scale,
        "freedom": emulator.freedom,
        "place_range": list(emulator.place_range),
        "field_range_tesla": list(emulator.field_range_tesla),
        "tempering": emulator.tempering,
        "frozen_below": (
            emulator.frozen_below if np.isfinite(emulator.frozen_below) else None
        ),
    }


def emulator_arrays(emulator: HealthyEmulator) -> Arrays:
    """Return all arrays of an emulator by name."""
    return {
        "emulator.fine": emulator.design.fine,
        "emulator.coarse": emulator.design.coarse,
        "emulator.centre": emulator.centre,
        "emulator.scale": emulator.scale,
        "emulator.used": emulator.used.astype(np.uint8),
        "emulator.coefficients": emulator.coefficients.astype(np.float32),
        "emulator.band_places": emulator.band_places,
        "emulator.covariances": triangle_of(emulator.covariances).astype(np.float32),
    }


def check_emulator(record: Mapping[str, Any], owner: str) -> None:
    """Refuse numbers that are not finite, or not positive where they must be.

    Raises
    ------
    ModelFolderError
        Naming the owner.
    """
    numbers = [
        *record["place_range"],
        *record["field_range_tesla"],
        record["field_scale"],
        record["frozen_below"] or 0.0,
    ]
    positive = [record["freedom"], record["tempering"]]
    if not np.isfinite(np.array(numbers + positive, dtype=np.float64)).all():
        raise ModelFolderError(f"{owner}: a number is not finite")
    if min(positive) <= 0 or record["field_scale"] < 0:
        raise ModelFolderError(f"{owner}: a number is not positive")


def emulator_of(
    record: Mapping[str, Any], taker: ArrayTaker, count: int, owner: str
) -> HealthyEmulator:
    """Rebuild an emulator of so many coordinates from a checked record.

    Raises
    ------
    ModelFolderError
        If an array is missing, not finite, of another shape or no covariance.
    """
    design = Design(
        fine=taker.rising("emulator.fine"),
        coarse=taker.rising("emulator.coarse"),
        field_scale=float(record["field_scale"]),
    )
    terms = design.penalty(0.0).shape[0]
    places = taker.rising("emulator.band_places")
    half = count * (count + 1) // 2
    covariances = symmetric(taker.take("emulator.covariances", (places.size, half)))
    if not is_positive(covariances):
        raise ModelFolderError(
            f"{owner}: array 'emulator.covariances' is no covariance"
        )
    low, high = record["place_range"]
    frozen = record["frozen_below"]
    weak, strong = record["field_range_tesla"]
    return HealthyEmulator(
        design=design,
        centre=taker.take("emulator.centre", (count,)),
        scale=taker.take("emulator.scale", (count,)),
        used=taker.take("emulator.used", (count,)) > 0.5,
        coefficients=taker.take("emulator.coefficients", (terms, count)),
        band_places=places,
        covariances=covariances,
        freedom=float(record["freedom"]),
        place_range=(float(low), float(high)),
        field_range_tesla=(float(weak), float(strong)),
        tempering=float(record["tempering"]),
        frozen_below=-np.inf if frozen is None else float(frozen),
    )
