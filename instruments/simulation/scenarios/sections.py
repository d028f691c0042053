"""The scenario file as typed sections; unknown keys are errors everywhere.

Times are seconds since the scenario began. Places are names of the array file, or
``#1`` for the first cavity or VNA of whatever array the scenario is played on.
"""

from typing import Annotated, Literal

from pydantic import Field

from instruments.array.values import (
    Name,
    NonNegative,
    Number,
    Positive,
    PowerLevel,
    Section,
    Text,
)
from instruments.simulation.life.plan import Touch, Work
from instruments.simulation.physics.chain import SwitchPosition

Place = Annotated[
    str,
    Field(
        pattern=r"^(#[1-9][0-9]{0,3}|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$",
        description="Name in the array file, or #1 for the first, #2 for the second.",
    ),
]
Duration = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False, gt=0, le=4.0e7, description="In s."),
]
Part = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
Field_ = Annotated[Number, Field(ge=-50, le=50)]

FailureName = Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")]


class IdentitySection(Section):
    """What a shift would call it, and the story in a sentence or two."""

    title: Text
    story: Annotated[str, Field(min_length=1, max_length=2000)]


class ThermalCycleSection(Section):
    """A warm-up in the middle of the scenario, and the cool-down after it."""

    at_s: Positive
    warm_up_s: Positive = 36_000.0
    access_s: NonNegative = 0.0
    touched: Touch = Touch.NOTHING


class FridgeSection(Section):
    """The fridge: where it begins, how fast it is, and its thermal cycles."""

    begins: Literal["cold", "cooling"] = "cold"
    touched: Annotated[
        Touch, Field(description="What was touched before the first cool-down.")
    ] = Touch.NOTHING
    cool_down_s: Positive = 216_000.0
    base_temperature_k: Annotated[Positive, Field(le=4.0)] = 0.02
    thermal_cycles: Annotated[
        tuple[ThermalCycleSection, ...], Field(max_length=200)
    ] = ()


class RampSection(Section):
    """A ramp of the main magnet."""

    at_s: NonNegative
    field_tesla: Field_
    rate_tesla_per_s: Annotated[Positive, Field(le=1.0)] = 2.0e-3


class MagnetSection(Section):
    """The main magnet, and what of it is always there."""

    start_field_tesla: Field_ = 0.0
    stray_field_tesla: Annotated[Number, Field(ge=-1, le=1)] = 0.0
    ramps: Annotated[tuple[RampSection, ...], Field(max_length=1000)] = ()


class RunSection(Section):
    """How the array is tuned and driven."""

    step_period_s: Positive = 100.0
    step_ratio: Annotated[
        Part, Field(description="Part of the rod's way in one step; 0: no tuning.")
    ] = 2.0e-5
    low_ratio: Part = 0.4
    high_ratio: Part = 0.6
    fewest_steps: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 10
    most_steps: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 60
    source_power_dbm: PowerLevel | None = None
    jpa_gain_db: Annotated[NonNegative, Field(le=40)] = 0.0


class InterventionSection(Section):
    """Something that an operator does."""

    work: Work
    at_s: NonNegative
    cavity: Place | None = None
    vna: Place | None = None
    source_power_dbm: Annotated[Number, Field(ge=-120, le=20)] | None = None
    antenna_depth_change_m: Annotated[Number, Field(ge=-0.1, le=0.1)] | None = None
    switch_position: (
        Literal["cavity", "bypass", "hot_load", "cold_load", "open"] | None
    ) = None

    def switch_index(self) -> float:
        """Return the number of the switch position."""
        return float(SwitchPosition[(self.switch_position or "cavity").upper()])


class FailureSection(Section):
    """One failure: what, where, from when to when, how bad."""

    failure: FailureName
    cavity: Place | None = None
    neighbour: Place | None = None
    vna: Place | None = None
    plate: Name | None = None
    from_s: NonNegative
    to_s: Positive | None = None
    ramp_s: NonNegative | None = None
    recovery_s: NonNegative = 0.0
    severity: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1)] = (
        1.0
    )
    hit_ratio: Annotated[
        Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1)] | None,
        Field(description="Part of the sweeps that show it."),
    ] = None
    settings: Annotated[
        dict[Name, float | str],
        Field(description="What this failure's effect can be told, such as a line."),
    ] = Field(default_factory=dict)


class Scenario(Section):
    """The whole scenario file."""

    schema_version: Literal[1]
    scenario: IdentitySection
    duration_s: Duration
    fridge: FridgeSection = Field(default_factory=FridgeSection)
    magnet: MagnetSection = Field(default_factory=MagnetSection)
    run: RunSection = Field(default_factory=RunSection)
    plates: dict[Name, Annotated[tuple[Place, ...], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Cold plate to the cavities on it; without, all are on one.",
    )
    interventions: Annotated[
        tuple[InterventionSection, ...], Field(max_length=10_000)
    ] = ()
    failures: Annotated[tuple[FailureSection, ...], Field(max_length=10_000)] = ()
