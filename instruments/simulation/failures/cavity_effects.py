"""Failures of the cavity: rod, antenna, modes, vibration, what is inside."""

from dataclasses import dataclass, replace

from instruments.simulation.failures.situation import Situation
from instruments.simulation.physics.chain.cavity import CavityMode

_FULL_VIBRATION_RATIO = 2e-5
_FULL_DRIFT_PER_S_RATIO = 2e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRodStuck:
    """The rod does not follow; the situation's position is what was commanded.

    Attributes
    ----------
    held_ratio
        Where it hangs.
    """

    held_ratio: float = 0.5

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Hold the rod: at severity 1 wholly, below it lags behind."""
        way = situation.point.rod_position_ratio - self.held_ratio
        return situation.at(rod_position_ratio=self.held_ratio + (1.0 - severity) * way)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeCrossing:
    """The tuned mode meets one that the rod does not move.

    Attributes
    ----------
    mode_index
        Number of the other mode in the cavity.
    """

    mode_index: int = 1

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Move the rod towards the crossing; at severity 1 it is there."""
        modes = situation.hardware.cavity.modes
        goal_ratio = crossing_position_ratio(modes[0], modes[self.mode_index])
        way = goal_ratio - situation.point.rod_position_ratio
        return situation.at(
            rod_position_ratio=situation.point.rod_position_ratio + severity * way
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AntennaDrift:
    """The strong antenna moves; severity 1 is ``full_depth_m``."""

    full_depth_m: float = -3.0e-3

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Move the antenna."""
        depth_m = situation.point.antenna_depth_change_m
        return situation.at(
            antenna_depth_change_m=depth_m + severity * self.full_depth_m
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HotRod:
    """The rod hangs on a poor thermal link."""

    full_heating_k: float = 1.0

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Heat the rod."""
        warmer_k = situation.point.rod_temperature_k + severity * self.full_heating_k
        return situation.at(rod_temperature_k=warmer_k)


@dataclass(frozen=True, slots=True, kw_only=True)
class Microphonics:
    """The modes swing, and drift with the helium pressure, within a sweep."""

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Shake the modes."""
        vibration = replace(
            situation.vibration,
            amplitude_ratio=situation.vibration.amplitude_ratio
            + _FULL_VIBRATION_RATIO * severity,
            drift_per_s_ratio=situation.vibration.drift_per_s_ratio
            + _FULL_DRIFT_PER_S_RATIO * severity,
        )
        return replace(situation, vibration=vibration)


@dataclass(frozen=True, slots=True, kw_only=True)
class CavityLeak:
    """Gas, and at severity 1 liquid helium, in the cavity."""

    full_permittivity_ratio: float = 1.0493

    def __call__(self, situation: Situation, severity: float) -> Situation:
        """Fill the cavity."""
        point = situation.point
        return situation.at(
            gas_permittivity_ratio=point.gas_permittivity_ratio
            + severity * (self.full_permittivity_ratio - 1.0),
            gas_loss_ratio=point.gas_loss_ratio + 2e-6 * severity,
        )


def crossing_position_ratio(tuned: CavityMode, fixed: CavityMode) -> float:
    """Return where the rod stands when two modes would have the same frequency.

    Raises
    ------
    ValueError
        If they never meet on the rod's way.
    """
    low, high = 0.0, 1.0
    if _distance_hz(tuned, fixed, low) * _distance_hz(tuned, fixed, high) > 0.0:
        raise ValueError("the modes do not cross on the way of the rod: choose another")
    rises = _distance_hz(tuned, fixed, high) > 0.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        is_past = (_distance_hz(tuned, fixed, middle) > 0.0) == rises
        low, high = (low, middle) if is_past else (middle, high)
    return 0.5 * (low + high)


def _distance_hz(tuned: CavityMode, fixed: CavityMode, position_ratio: float) -> float:
    way = position_ratio - 0.5

    def frequency_hz(mode: CavityMode) -> float:
        bent = way + mode.tuning_curvature_ratio * way**2
        return mode.resonant_frequency_hz + mode.tuning_span_hz * bent

    return frequency_hz(tuned) - frequency_hz(fixed)
