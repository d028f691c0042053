"""What is known of a receiver's constants before a sweep: a normal distribution."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import Constant

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPrior:
    """Constants that all sweeps of one thermal cycle share.

    Attributes
    ----------
    names
        Uncertain constants of the receiver.
    centre
        Their expectation in their units, shape (constant,).
    factor
        Lower factor of their covariance, shape (constant, constant): a constant is
        ``centre + factor @ departure`` with independent standard departures.
    low, high
        Physical bounds, shape (constant,).
    """

    names: tuple[str, ...]
    centre: Reals
    factor: Reals
    low: Reals
    high: Reals

    @property
    def size(self) -> int:
        """Number of constants."""
        return len(self.names)

    def values(self, departures: Reals) -> Reals:
        """Return constants in their units, shape (trial, constant)."""
        return np.asarray(self.centre + departures @ self.factor.T)


def independent_prior(constants: Sequence[Constant]) -> SharedPrior:
    """Return the prior of constants that know nothing of each other."""
    return SharedPrior(
        names=tuple(known.name for known in constants),
        centre=np.asarray([known.value for known in constants]),
        factor=np.diag([known.prior_sigma for known in constants]),
        low=np.asarray([known.low for known in constants]),
        high=np.asarray([known.high for known in constants]),
    )
