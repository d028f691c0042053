"""First stage of a fit: echoes of the reflections, line by line."""

from dataclasses import replace

import numpy as np

from instruments.simulation.physics.chain import ReceiverHardware
from models.twin.calibration_set import CalibrationSweep, Reals, SweepData, read_sweeps
from models.twin.fit_search import search
from models.twin.fit_solver import Solution, Stage, solve
from models.twin.fit_space import FROZEN, FitSpace, make_space

_REFLECTIONS = {
    "S11": ("weak_line.*", "vna.*"),
    "S33": ("bypass_line.*", "circulator.*"),
    "S22": ("room_output_line.*", "room_amplifier.*", "upper_output_line.*", "hemt.*"),
}
_START_COUNT = 8
_SETTLED_COST = 0.3


def settle_reflections(
    space: FitSpace, sweep: CalibrationSweep, described: ReceiverHardware
) -> Reals:
    """Return a place whose reflections are explained, each by its own line."""
    place = space.start.copy()
    for trace, patterns in _REFLECTIONS.items():
        if trace not in sweep.traces:
            continue
        alone = replace(sweep, traces={trace: sweep.traces[trace]})
        [data] = read_sweeps([alone], described, (), 2)
        part, columns = _part_of(space, place, patterns, sweep)
        place = place.copy()
        place[columns] = _settled(part, data, place[columns])
    return place


def _part_of(
    space: FitSpace, place: Reals, patterns: tuple[str, ...], sweep: CalibrationSweep
) -> tuple[FitSpace, list[int]]:
    hardware = space.hardware_at(place)
    part = make_space(hardware, [sweep.point], (), FROZEN, patterns)
    columns = [space.names.index(name) for name in part.names]
    bounds = {
        name: getattr(space, name)[columns]
        for name in ("centre", "sigma", "low", "high")
    }
    return replace(part, **bounds), columns


def _settled(space: FitSpace, data: SweepData, start: Reals) -> Reals:
    """Return the best of several starts that differ in the connectors' signs."""
    rng = np.random.default_rng(0)
    is_plane = np.asarray([name.endswith("reactance_ratio") for name in space.names])
    best: Solution | None = None
    for attempt in range(_START_COUNT):
        place = start.copy()
        if attempt:
            place[is_plane] *= rng.choice((-1.0, 1.0), int(is_plane.sum()))
        for tempering in (0.3, 0.1, 0.05, 0.02):
            stage = Stage(tempering_ratio=tempering, step_count=4)
            place, _ = search(space, data, place, stage, is_joint=False)
            solution = solve(space, [data], place, stage)
            place = solution.place
        if best is None or solution.cost_sum < best.cost_sum:
            best = solution
        if best.cost_sum < _SETTLED_COST * int(data.is_used.sum()):
            break
    assert best is not None
    return best.place
