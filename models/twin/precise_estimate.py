"""What a precise fit says of a sweep."""

from dataclasses import dataclass
from enum import StrEnum

from models.twin.precise_gate import Explained


class EstimateState(StrEnum):
    """How a precise fit ended."""

    ESTIMATED = "estimated"
    AMBIGUOUS = "ambiguous"
    """Another temperature and field explain the sweep nearly as well."""
    NOT_DETERMINABLE = "not_determinable"
    """The sweep holds too little of it: an interval, and no median."""
    MISFIT = "misfit"
    """The twin does not explain the sweep: no estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A quantity with its uncertainty, in its unit.

    Attributes
    ----------
    state
        Whether it is determined.
    median
        None where it is not determinable.
    p05, p16, p84, p95
        Quantiles.
    sigma
        Laplace's standard deviation: of log10 T in dex, of B in tesla.
    """

    state: EstimateState
    median: float | None
    p05: float
    p16: float
    p84: float
    p95: float
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMode:
    """Another place that explains the sweep nearly as well.

    Attributes
    ----------
    temperature_k, magnetic_field_tesla
        Where, in K and tesla.
    chi_square_excess
        How much worse.
    """

    temperature_k: float
    magnetic_field_tesla: float
    chi_square_excess: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PreciseEstimate:
    """Temperature and field of one sweep, or why there is none.

    Attributes
    ----------
    state, reason
        Outcome, and one sentence.
    temperature_k, magnetic_field_tesla
        None at a misfit.
    correlation_ratio
        Of the errors of log10 T and B; None at a misfit.
    other_modes
        Further places within a few of chi-square.
    quality
        Chi-square per point, and where it is worst.
    """

    state: EstimateState
    reason: str
    temperature_k: Interval | None
    magnetic_field_tesla: Interval | None
    correlation_ratio: float | None
    other_modes: tuple[OtherMode, ...]
    quality: Explained


def refused(reason: str, quality: Explained) -> PreciseEstimate:
    """Return what is said of a sweep that is not explained: no number."""
    return PreciseEstimate(
        state=EstimateState.MISFIT,
        reason=reason,
        temperature_k=None,
        magnetic_field_tesla=None,
        correlation_ratio=None,
        other_modes=(),
        quality=quality,
    )
