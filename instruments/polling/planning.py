"""Plans of sweeps around modes that move, made anew only when they have moved."""

from instruments.array import ArrayConfig, plan_for
from instruments.measurement import SweepPlan
from instruments.polling.tracking import ModePosition, ResonanceTracker


class Planner:
    """Makes the plans of one VNA's sweeps.

    Parameters
    ----------
    config
        The array.
    tracker
        Where the modes are.
    """

    def __init__(self, config: ArrayConfig, tracker: ResonanceTracker) -> None:
        self._config = config
        self._tracker = tracker
        self._known: dict[tuple[str, str], tuple[ModePosition, SweepPlan]] = {}

    def plan(self, cavity: str, sweep_name: str) -> SweepPlan:
        """Return the plan of one sweep, around the mode as it is tracked now."""
        position = self._tracker.position(cavity)
        known = self._known.get((cavity, sweep_name))
        if known is not None and known[0] == position:
            return known[1]
        plan = plan_for(
            self._config,
            cavity,
            sweep_name,
            position.resonant_frequency_hz,
            loaded_q=position.loaded_q,
        )
        self._known[cavity, sweep_name] = position, plan
        return plan
