"""What a receiver's judge is learnt from, and what it says of sweeps left out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.coordinates import Coordinates
from models.coordinates.signal import Flags, Reals

Texts = npt.NDArray[np.str_]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReceiverLesson:
    """Sweeps with their labels; the first axis of each is the sweep.

    Attributes
    ----------
    place
        log10 of the temperature in K, NaN where unknown.
    field_tesla
        NaN where unknown.
    condition
        Number of the condition among ``labels``, -1 where unknown.
    labels
        Conditions that have a head; empty where there is none.
    healthy
        Sweeps that may be taken for healthy.
    usable
        Sweeps against a reference that is not themselves.
    cycle
        Thermal cycle.
    fold
        Group of cycles that a sweep is left out with.
    """

    coordinates: Coordinates
    place: Reals
    field_tesla: Reals
    condition: Indices
    labels: tuple[str, ...]
    healthy_label: int
    healthy: Flags
    usable: Flags
    cycle: Texts
    fold: Indices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeftOut:
    """What left-out sweeps of one set of traces were read as.

    Attributes
    ----------
    rows
        Of the lesson.
    quantiles
        Scalar target to calibrated quantiles, shape (row, level).
    logits
        Of the conditions over their softmax temperature, shape (row, class).
    """

    rows: Indices
    quantiles: dict[str, Reals]
    logits: Reals
