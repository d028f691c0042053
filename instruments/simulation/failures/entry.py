"""What the log book says about a kind of failure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from instruments.simulation.failures.situation import Situation

MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0


class Onset(StrEnum):
    """How a failure begins."""

    STEP = "step"
    """From one sweep to the next."""

    RAMP = "ramp"
    """Over its time scale, and then it stays."""

    DRIFT = "drift"
    """Without end."""

    ONE_SWEEP = "one_sweep"
    """In single sweeps."""


class Scope(StrEnum):
    """Who sees it at the same time."""

    CAVITY = "cavity"
    """One receiver."""

    PAIR = "pair"
    """Two receivers."""

    VNA = "vna"
    """All receivers of one VNA."""

    PLATE = "plate"
    """All receivers with parts on one plate."""

    ARRAY = "array"
    """All receivers."""


class Desk(StrEnum):
    """Who is called."""

    OPERATOR = "operator"
    RADIO_FREQUENCY = "radio_frequency"
    CRYOGENICS = "cryogenics"
    MAGNET = "magnet"
    ACQUISITION = "acquisition"
    ANALYSIS = "analysis"


class Effect(Protocol):
    """What a failure does to a receiver."""

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Return the situation with the failure at a severity of 0 to 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One entry of the catalogue.

    Attributes
    ----------
    number
        Its number in the catalogue.
    name
        What a shift would call it.
    effect
        What it does; its fields can be replaced.
    onset
        How it begins.
    time_scale_s
        How long it takes to come in full, in s; 0 = at once.
    urgency_number
        1 note, 2 degraded, 3 stop and fix, 4 hardware at risk.
    scope
        Who sees it at the same time.
    recovery
        What ends it.
    desks
        Who is called.
    """

    number: int
    name: str
    effect: Effect
    onset: Onset
    time_scale_s: float
    urgency_number: int
    scope: Scope
    recovery: str
    desks: tuple[Desk, ...]

    def apply(self, situation: Situation, severity: float) -> Situation:
        """Return the situation with this failure; severity 0 leaves it as it is.

        Raises
        ------
        ValueError
            If the severity is not between 0 and 1.
        """
        if not 0.0 <= severity <= 1.0:
            raise ValueError(
                f"the severity of {self.name} is {severity}: it must lie from 0 to 1"
            )
        return situation if severity == 0.0 else self.effect(situation, severity)
