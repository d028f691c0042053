"""How strange a sweep is: to the model, and beside the sweeps before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """How far a sweep is from the last few of its cavity, against the same reference.

    Attributes
    ----------
    size
        Of the largest change of a band, in usual changes from sweep to sweep.
    is_sudden
        Whether that is sudden, and no drift.
    trace, band
        Where it is largest; the number of a sixteenth of the band.
    sweeps
        How many it was compared with.
    """

    size: float
    is_sudden: bool
    trace: str
    band: int
    sweeps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfDistribution:
    """How strange the sweep is to the model.

    Attributes
    ----------
    p_value
        Combined conformal p-value; None where no model applies.
    flag
        Whether the sweep lies outside of what was trained.
    scores
        The single scores, by name.
    contributions
        JSON-ready: ``bands_hz`` (start and stop of each; none where a model knows
        several bands), and for ``t2`` and ``q`` the share of each trace and band, as
        lists by trace. The shares of a score sum to one.
    """

    p_value: float | None = None
    flag: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)
    contributions: Mapping[str, Any] = field(default_factory=dict)
