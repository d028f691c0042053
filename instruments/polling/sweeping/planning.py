"""Plans of sweeps around modes that move, made anew only when they have moved."""

from instruments.array import ArrayConfig, plan_for
from instruments.array.config import NarrowSweepConfig
from instruments.measurement import SweepPlan
from instruments.measurement.segments import (
    FineWindow,
    SegmentLimits,
    fine_sweeps,
    narrow_sweep,
)
from instruments.polling.tracking import ModePosition, ResonanceTracker

_Known = tuple[ModePosition, SegmentLimits | None, tuple[SweepPlan, ...]]


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
        self._known: dict[tuple[str, str], _Known] = {}

    def plans(
        self, cavity: str, sweep_name: str, limits: SegmentLimits | None
    ) -> tuple[SweepPlan, ...]:
        """Return what to measure for one sweep, around the mode as it is tracked now.

        Parameters
        ----------
        cavity, sweep_name
            As in the array file.
        limits
            Segment table of the VNA; None where it has none.

        Returns
        -------
        tuple of SweepPlan
            One plan; a wide and a narrow one where fine points are asked for and the
            VNA takes no segments.
        """
        position = self._tracker.position(cavity)
        known = self._known.get((cavity, sweep_name))
        if known is not None and known[:2] == (position, limits):
            return known[2]
        plan = plan_for(
            self._config,
            cavity,
            sweep_name,
            position.resonant_frequency_hz,
            loaded_q=position.loaded_q,
        )
        plans = self._refine(plan, sweep_name, position, limits)
        self._known[cavity, sweep_name] = position, limits, plans
        return plans

    def _refine(
        self,
        plan: SweepPlan,
        sweep_name: str,
        position: ModePosition,
        limits: SegmentLimits | None,
    ) -> tuple[SweepPlan, ...]:
        section = self._config.sweeps[sweep_name]
        if isinstance(section, NarrowSweepConfig):
            if section.spacing == "uniform":
                return (plan,)
            even = narrow_sweep(
                plan,
                limits,
                resonant_frequency_hz=position.resonant_frequency_hz,
                loaded_q=position.loaded_q,
            )
            return (even,)
        if section.fine is None:
            return (plan,)
        window = FineWindow(
            resonant_frequency_hz=position.resonant_frequency_hz,
            loaded_q=position.loaded_q,
            span_linewidths=section.fine.span_linewidths,
            point_count=section.fine.point_count,
            if_bandwidth_hz=section.fine.if_bandwidth_hz,
            source_power_dbm=section.fine.source_power_dbm,
        )
        return fine_sweeps(plan, window, limits)
