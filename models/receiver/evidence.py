"""What scalars are read from: a healthy receiver's posterior, and how far it is off.

A sweep that no temperature and no field explains as well as others are is doubted: its
likelihood is taken to the power of one over the ratio of the departures, as errors are
enlarged by the Birge ratio where a fit leaves more than it should.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import Flags, Reals
from models.emulation import Posterior
from models.networks.density import LEVELS
from models.receiver.intervals import groups_of

PLACE = "temperature_k"
"""The scalar that is read on the temperature axis."""

_MEDIAN = LEVELS.index(0.5)
_COLDEST_AND_MEDIAN = np.array([LEVELS[0], LEVELS[_MEDIAN]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What scalars are read from; the first axis of each is the sweep.

    Attributes
    ----------
    posterior
        Of the healthy emulator.
    values
        Coordinates.
    group
        By read temperature, and whether the sweep looks faulty.
    doubt
        By how much it departs from all that is healthy more than others, 1 where it
        does not (the Birge ratio squared).
    open_below
        Whether the sweep may be as cold as any.
    """

    posterior: Posterior
    values: Reals
    group: npt.NDArray[np.intp]
    doubt: Reals
    open_below: Flags

    @classmethod
    def of(
        cls, posterior: Posterior, values: Reals, faulty: Flags, usual: Reals
    ) -> "Evidence":
        """Sort sweeps into their groups; see :class:`SetJudge` for what is usual."""
        group, open_below = sorted_by(posterior, faulty)
        doubt = np.maximum(posterior.chi_square / usual[group], 1.0)
        return cls(
            posterior=posterior,
            values=values,
            group=group,
            doubt=doubt,
            open_below=open_below,
        )

    def emulated(self, name: str) -> Reals:
        """Return the emulator's quantiles of a scalar, shape (sweep, level).

        Those of a doubted sweep are further out, for where even the best temperature
        explains it badly, the others are not much worse; the median stays.
        """
        found = _quantiles_of(self.posterior, name)
        rows = self.doubt > 1.0
        if rows.any():
            doubted = self.posterior.taken(rows).doubted(self.doubt[rows])
            median = found[rows, _MEDIAN]
            found[rows] = _quantiles_of(doubted, name)
            found[rows, _MEDIAN] = median
            found[rows] = _ordered(found[rows])
        return found

    def bounded(self, name: str, quantiles: Reals) -> Reals:
        """Return quantiles that are an upper bound where a sweep may be as cold as any.

        How cold it is then nobody knows but the schedule of the fridge, which differs
        from cycle to cycle.
        """
        if name != PLACE or not self.open_below.any():
            return quantiles
        found = quantiles.copy()
        rows = np.flatnonzero(self.open_below)
        found[rows, :_MEDIAN] = self.posterior.places[rows, :1]
        return np.maximum.accumulate(found, axis=1)


def sorted_by(
    posterior: Posterior, faulty: Flags
) -> tuple[npt.NDArray[np.intp], Flags]:
    """Return the group of each sweep, and whether it may be as cold as any.

    Those may be whose 5 % quantile lies where the receiver tells nothing.
    """
    coldest, median = posterior.place_quantiles(_COLDEST_AND_MEDIAN).T
    open_below = np.asarray(coldest < posterior.frozen_below)
    return groups_of(median, faulty, open_below), open_below


def _quantiles_of(posterior: Posterior, name: str) -> Reals:
    levels = np.array(LEVELS)
    if name == PLACE:
        return posterior.place_quantiles(levels)
    return posterior.field_quantiles(levels)


def _ordered(quantiles: Reals) -> Reals:
    """Return quantiles that rise from their median outwards, shape (sweep, level)."""
    median = quantiles[:, _MEDIAN : _MEDIAN + 1]
    low = np.minimum(quantiles[:, :_MEDIAN], median)
    high = np.maximum(quantiles[:, _MEDIAN + 1 :], median)
    return np.concatenate([low, median, high], axis=1)
