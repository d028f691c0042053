"""From what a driver gives to what is kept: conditions, ids, route and doubts."""

from collections.abc import Mapping
from dataclasses import replace

from instruments.measurement import Sweep, SweepPurpose, TruthFlag
from instruments.polling.session import ReferenceMarks, Surroundings
from instruments.polling.sweeping.agenda import Turn
from instruments.polling.sweeping.recognition import looks_expected
from instruments.switches import SelectedRoute

_FRESH_PERIODS = 3.0
_LEAST_AGE_S = 10.0
_LATENESS = "start_lateness_s"


class Completion:
    """Completes the sweeps of an array; usable by several threads.

    Parameters
    ----------
    surroundings
        What all sessions share.
    references
        Which cavities owe a reference sweep.
    """

    def __init__(self, surroundings: Surroundings, references: ReferenceMarks) -> None:
        self._around = surroundings
        self._references = references
        self._longest_ages_s = _longest_ages_s(surroundings)

    def complete(
        self, sweep: Sweep, turn: Turn, *, key: str, selected: SelectedRoute | None
    ) -> Sweep:
        """Add to a sweep what the poller knows about it.

        Parameters
        ----------
        sweep
            As the driver gives it, named as the cavity's ports are.
        turn
            What it answers.
        key
            Its idempotency key.
        selected
            The route that was set for it, None where nothing was switched.
        """
        cavity = self._around.config.cavities[turn.cavity]
        conditions = self._around.latest.conditions_of(
            turn.cavity,
            cavity.conditions,
            at=sweep.measured_at,
            max_age_s=self._longest_ages_s,
        )
        flags = {*sweep.flags, *self._doubts(sweep, turn, selected)}
        is_wide = sweep.purpose is SweepPurpose.WIDE
        is_trusted = not flags - {TruthFlag.LATE}
        return replace(
            sweep,
            is_reference=is_wide and is_trusted and self._references.owes(turn.cavity),
            thermal_cycle=cavity.thermal_cycle,
            run=turn.run,
            step=turn.step,
            route=selected.name if selected else None,
            conditions={**conditions, _LATENESS: round(turn.lateness_s, 6)},
            idempotency_key=key,
            flags=tuple(sorted(flags)),
        )

    def settle(self, sweep: Sweep) -> None:
        """Note that a sweep is kept."""
        if sweep.is_reference:
            self._references.settle(sweep.cavity)
        if TruthFlag.UNEXPECTED_CAVITY in sweep.flags:
            self._around.tracker.distrust(sweep.cavity, sweep.measured_at)

    def _doubts(
        self, sweep: Sweep, turn: Turn, selected: SelectedRoute | None
    ) -> list[TruthFlag]:
        doubts = [TruthFlag.LATE] if turn.is_late else []
        if selected is None:
            return doubts
        if not selected.is_verified:
            doubts.append(TruthFlag.ROUTE_UNVERIFIED)
        position = self._around.tracker.position(turn.cavity)
        if not looks_expected(sweep, position):
            doubts.append(TruthFlag.UNEXPECTED_CAVITY)
        return doubts


def _longest_ages_s(surroundings: Surroundings) -> Mapping[str, float]:
    return {
        reading: max(_FRESH_PERIODS * sensor.period_s, _LEAST_AGE_S)
        for sensor in surroundings.config.instruments.sensor.values()
        for reading in sensor.readings.values()
    }
