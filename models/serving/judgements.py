"""What a model makes of several sweeps, in numbers."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.fingerprint import FingerprintJudgement
from models.opinion import OpinionReading

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgements:
    """What the heads say of several sweeps; the first axis is the sweep.

    Attributes
    ----------
    quantiles
        Scalar target to its quantiles in the coordinate, shape (sweep, level).
    probabilities
        Class target to its calibrated probabilities, shape (sweep, class).
    novelty
        Scores of strangeness, shape (sweep, score).
    p_value
        Combined p-value of the scores, shape (sweep,).
    compared
        Whether a reference was at hand, shape (sweep,).
    determined
        Scalar target to whether its quantiles say anything, shape (sweep,).
    lines
        Whether temperature was read from lines, which know themselves what is strange.
    line_has_reference
        Whether the line of a reference was at hand, on whatever axis, shape (sweep,);
        empty where no lines were read.
    parts
        What the fingerprint says of each sweep; empty without one.
    opinion
        What another method says, where there is one.
    departures
        Name to the chi-square of each sweep against what shows health: the receiver's
        own healthy sweeps, and a fitted twin where there is one; NaN where it is not
        compared, shape (sweep,).
    departure_p_values
        Name to how often a healthy sweep is as far away, NaN where that is not asked.
    contributions
        Score to what each trace and band adds to it, shape (sweep, trace, band).
    present, present_least
        Probability of each failure by itself, and from which on a set holds it; NaN
        where the class probabilities tell it; empty without a receiver's judge, shape
        (sweep, failure).
    signature
        Levels and phases of each trace's bands, shape (sweep, trace, 2 band).
    """

    quantiles: dict[str, Reals]
    probabilities: dict[str, Reals]
    novelty: Reals
    p_value: Reals
    compared: Flags
    determined: dict[str, Flags]
    lines: bool = False
    line_has_reference: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))
    parts: tuple[FingerprintJudgement, ...] = ()
    opinion: OpinionReading | None = None
    departures: dict[str, Reals] = field(default_factory=dict)
    departure_p_values: dict[str, Reals] = field(default_factory=dict)
    contributions: dict[str, Reals] = field(default_factory=dict)
    present: Reals = field(default_factory=lambda: np.zeros((0, 0)))
    present_least: Reals = field(default_factory=lambda: np.zeros((0, 0)))
    signature: Reals = field(default_factory=lambda: np.zeros((0, 0, 0)))
