"""What a life is made of: cavities, thermal cycles, ramps, interventions, failures."""

from dataclasses import dataclass, field
from enum import StrEnum

from instruments.simulation.life.failure_event import FailureEvent

HOUR_S = 3600.0
DAY_S = 24.0 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class CavityPlace:
    """One cavity of the array and what it shares with others.

    Attributes
    ----------
    name
        Its name.
    vna, plate
        The VNA and the cold plate that it shares.
    resonant_frequency_hz, loaded_q, coupling_beta
        Its mode when cold, the rod in the middle.
    """

    name: str
    vna: str
    plate: str
    resonant_frequency_hz: float
    loaded_q: float
    coupling_beta: float


class Touch(StrEnum):
    """What was touched; the spreads are those of the repeatability ladder."""

    NOTHING = "nothing"
    """Warmed up and cooled down, nothing touched."""

    CONNECTORS = "connectors"
    """Connectors opened and mated again."""

    CABLES = "cables"
    """Cables laid anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalCycle:
    """From one warm-up to the next.

    Attributes
    ----------
    name
        Its name.
    warm_from_s
        When the warm-up before it began, in s.
    cooling_from_s
        When its cool-down began, in s; may lie before the life's beginning.
    touch
        What was touched while it was warm.
    """

    name: str
    warm_from_s: float
    cooling_from_s: float
    touch: Touch = Touch.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class MagnetRamp:
    """The main magnet goes to another field.

    Attributes
    ----------
    at_s
        When it starts, in s.
    field_tesla
        Where it goes.
    rate_tesla_per_s
        How fast, in T/s.
    """

    at_s: float
    field_tesla: float
    rate_tesla_per_s: float


class Work(StrEnum):
    """What an operator does to the array; none of it is a failure."""

    CALIBRATION = "calibration"
    """A VNA is calibrated."""

    RECABLING = "recabling"
    """Cables of a cavity are laid anew."""

    POWER = "power"
    """A VNA drives with another power."""

    ANTENNA = "antenna"
    """The strong antenna of a cavity is set to another depth."""

    SWITCH = "switch"
    """The cold switch of a cavity is set to another position."""

    HELIUM_FILL = "helium_filling"
    """The magnet's dewar is filled; everything on the fridge feels it for an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """One thing that an operator does.

    Attributes
    ----------
    work
        What.
    at_s
        When, in s.
    cavities
        Whom it concerns.
    vna
        The VNA, where it concerns one.
    value
        The new power in dBm, depth in m or number of the switch position.
    """

    work: Work
    at_s: float
    cavities: tuple[str, ...]
    vna: str | None = None
    value: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """How the array is tuned and swept.

    Attributes
    ----------
    step_period_s
        From one tuning step to the next, in s.
    step_ratio
        Part of the rod's way in one step.
    low_ratio, high_ratio
        Where on its way the rod turns.
    motor_ratio
        Standard deviation of where a step ends.
    fewest_steps, most_steps
        From one wide sweep of a cavity to its next, in steps; drawn anew each time.
    """

    step_period_s: float = 100.0
    step_ratio: float = 2.0e-5
    low_ratio: float = 0.4
    high_ratio: float = 0.6
    motor_ratio: float = 1.0e-6
    fewest_steps: int = 10
    most_steps: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LifePlan:
    """A whole life; together with its seed it fixes every number.

    Attributes
    ----------
    seed
        Of everything that is left to chance.
    hardware_seed
        Of the hardware; the array's own.
    duration_s
        How long it lasts, in s.
    places
        The cavities.
    cycles
        Thermal cycles in order; the first holds at 0 s.
    ramps, interventions, events
        What happens, in order of time.
    run
        Tuning and sweeps.
    cool_down_s
        How long a cool-down takes, in s.
    base_temperature_k
        Temperature of the mixing chamber in K when cold.
    start_field_tesla
        Field of the main magnet at 0 s.
    stray_field_tesla
        Stray field at every circulator's shield without any failure.
    source_power_dbm, jpa_gain_db
        Drive of the sweeps, and what the JPA's pump is set to; 0 = off.
    has_jpa
        Whether the receivers have a JPA.
    """

    seed: int
    hardware_seed: int
    duration_s: float
    places: tuple[CavityPlace, ...]
    cycles: tuple[ThermalCycle, ...]
    ramps: tuple[MagnetRamp, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    events: tuple[FailureEvent, ...] = ()
    run: RunPlan = field(default_factory=RunPlan)
    cool_down_s: float = 60.0 * HOUR_S
    base_temperature_k: float = 0.02
    start_field_tesla: float = 0.0
    stray_field_tesla: float = 0.0
    source_power_dbm: float = -20.0
    jpa_gain_db: float = 0.0
    has_jpa: bool = True

    def place(self, cavity: str) -> CavityPlace:
        """Return a cavity's place.

        Raises
        ------
        KeyError
            If there is no such cavity; the message lists them.
        """
        for place in self.places:
            if place.name == cavity:
                return place
        known = ", ".join(place.name for place in self.places)
        raise KeyError(f"{cavity} is no cavity of this life; there are {known}")
