"""The stages of a fit: from reflections to everything jointly."""

from collections.abc import Sequence

import numpy as np

from instruments.simulation.physics.chain import ReceiverHardware
from instruments.simulation.physics.chain.coax import Attenuator
from instruments.simulation.physics.chain.switch import SwitchPosition
from models.progress import Progress
from models.twin.calibration_set import (
    CalibrationSweep,
    Reals,
    SweepData,
    read_sweeps,
)
from models.twin.fit_echoes import settle_echoes
from models.twin.fit_hops import HopPlan, hop
from models.twin.fit_layers import layers_of
from models.twin.fit_model import FitModel
from models.twin.fit_nudges import nudge, part_touching
from models.twin.fit_progress import SHARES, FitStage
from models.twin.fit_solver import Solution, Stage, solve
from models.twin.fit_space import FitSpace

MODE_WINDOW_HZ = 4e7
"""Half width in Hz of what is left out around each described mode."""

_SEARCH_POINTS = 51
_JOINT_POINTS = 67
_MOST_SEARCHED_SWEEPS = 3
_REFLECTION_RATIO = 1e-3


def _closer(ratio: float, count: int) -> Stage:
    return Stage(
        tempering_ratio=ratio,
        step_count=count,
        reflection_ratio=_REFLECTION_RATIO,
        smallest_gain_ratio=2e-3,
    )


_SEARCH = tuple(
    Stage(
        tempering_ratio=ratio,
        step_count=10,
        reflection_ratio=_REFLECTION_RATIO,
        smallest_gain_ratio=0.01,
    )
    for ratio in (0.1, 0.03, 0.01)
)
_GOOD_COST = 0.5
_PARTING = (_closer(3e-3, 12), _closer(1e-3, 20))
_NUDGES = (
    (_PARTING[1:], 0.5),
    ((_closer(3e-4, 30),), 0.5),
    ((_closer(1e-4, 40),), 1.0),
)
_JOINT = (_closer(1e-3, 10), _closer(1e-4, 30))
_LAST = Stage(
    tempering_ratio=0.0,
    step_count=60,
    is_logarithmic=False,
    longest_step=3.0,
    smallest_gain_ratio=1e-4,
)
_SEED = 0


def mode_windows_hz(hardware: ReceiverHardware) -> list[tuple[float, float]]:
    """Return the windows in Hz around the described modes."""
    return [
        (
            mode.resonant_frequency_hz - MODE_WINDOW_HZ,
            mode.resonant_frequency_hz + MODE_WINDOW_HZ,
        )
        for mode in hardware.cavity.modes
    ]


def read_masked(
    sweeps: Sequence[CalibrationSweep],
    hardware: ReceiverHardware,
    most_points: int | None = None,
) -> list[SweepData]:
    """Return the sweeps without the windows around modes that they see.

    Parameters
    ----------
    most_points
        Points to keep at most, evenly; all by default.
    """
    found = []
    for sweep in sweeps:
        every = 1 if most_points is None else sweep.frequency_hz.size // most_points
        windows = mode_windows_hz(hardware) if _sees_cavity(sweep) else ()
        found += read_sweeps([sweep], hardware, windows, max(1, every))
    return found


def settle_start(
    space: FitSpace,
    sweeps: Sequence[CalibrationSweep],
    place: Reals,
    say: Progress | None = None,
) -> Reals:
    """Return a place in the right neighbourhood.

    Echoes of the reflections first; then the way of the reflection, with the cavity
    switched away where there are such sweeps; last what lies behind the switch.
    """
    say = say or Progress(None, SHARES)
    whole = read_masked(sweeps, space.hardware)
    for trace in ("S11", "S33", "S22"):
        place = settle_echoes(space, whole, place, trace)
    say.done(FitStage.ECHOES)
    thin = read_masked(sweeps, space.hardware, _SEARCH_POINTS)
    rng = np.random.default_rng(_SEED)
    away = [index for index, one in enumerate(sweeps) if not _sees_cavity(one)]
    on = [index for index, one in enumerate(sweeps) if _sees_cavity(one)]
    if away:
        model = _model(space, thin, away, _AWAY, ("S23", "S33", "S22"))
        place, _ = hop(model, place, _plan(space.hardware, _AWAY_LINES), rng)
        say.done(FitStage.HALF_CYCLES)
        wide = _model(space, thin, away, _AWAY, ("S23", "S33", "S22"), is_whole=True)
        place, _ = part_touching(wide, place, _PARTING)
        for number, (stages, good) in enumerate(_NUDGES, start=1):
            place, is_good = nudge(wide, place, stages, good)
            say.within(FitStage.TOUCHING)(number / len(_NUDGES))
            if not is_good:
                break
    if on:
        prefixes = _ON if away else (*_AWAY, *_ON)
        lines = _ON_LINES if away else (*_AWAY_LINES, *_ON_LINES)
        model = _model(space, thin, on, prefixes, ("S23", "S21", "S11", "S33", "S22"))
        place, _ = hop(model, place, _plan(space.hardware, lines), rng)
    say.done(FitStage.BEHIND)
    return place


def descend(space: FitSpace, sweeps: Sequence[CalibrationSweep], place: Reals) -> Reals:
    """Return the place after joint descents with a model error that falls."""
    data = read_masked(sweeps, space.hardware_at(place), _JOINT_POINTS)
    model = FitModel(space, data)
    for stage in _JOINT:
        place = solve(model, place, stage).place
    return place


def finish(space: FitSpace, data: Sequence[SweepData], place: Reals) -> Solution:
    """Return the fit of every point that is used, by the noise alone."""
    return solve(FitModel(space, data), place, _LAST)


_AWAY = (
    "bypass_line.",
    "circulator.",
    "junction_line.",
    "jpa.",
    "isolator.",
    "cold_output_line.",
    "upper_output_line.",
    "room_output_line.",
    "hemt.",
    "room_amplifier.",
    "switch.",
    "vna.",
)
_ON = ("strong_line.", "weak_line.", "cavity.", "switch.", "circulator.", "vna.")
_AWAY_LINES = ("bypass_line", "junction_line", "cold_output_line")
_ON_LINES = ("strong_line", "weak_line")


def _sees_cavity(sweep: CalibrationSweep) -> bool:
    return sweep.point.switch_position_index == SwitchPosition.CAVITY


def _model(
    space: FitSpace,
    data: Sequence[SweepData],
    sweeps: list[int],
    prefixes: tuple[str, ...],
    traces: tuple[str, ...],
    *,
    is_whole: bool = False,
) -> FitModel:
    chosen = sweeps if is_whole else _spread(sweeps, data)
    free = [
        index for index, name in enumerate(space.names) if name.startswith(prefixes)
    ]
    drifts = range(len(space.names), space.size)
    names = [name for name in traces if name in data[0].names]
    return FitModel(space, data, [*free, *drifts], sweeps=chosen, traces=names)


def _spread(sweeps: list[int], data: Sequence[SweepData]) -> list[int]:
    """Return a few of the sweeps, in little field, spread over temperature."""
    smallest = min(
        abs(data[index].sweep.point.magnetic_field_tesla) for index in sweeps
    )
    kept: dict[tuple[float, float], int] = {}
    for index in sweeps:
        point = data[index].sweep.point
        if abs(point.magnetic_field_tesla) <= smallest:
            kept.setdefault((point.plates.mixing_chamber_k, 0.0), index)
    ordered = [kept[key] for key in sorted(kept)]
    count = min(len(ordered), _MOST_SEARCHED_SWEEPS)
    return [ordered[row] for row in np.linspace(0, len(ordered) - 1, count).astype(int)]


def _plan(hardware: ReceiverHardware, lines: tuple[str, ...]) -> HopPlan:
    """Return the hops of the parts that no reflection has settled."""
    seen = {
        (layer.line, layer.part_index)
        for trace in ("S11", "S33", "S22")
        for layer in layers_of(hardware, trace)
    }
    parts = [
        (line, index)
        for line in lines
        for index, part in enumerate(hardware.line(line).parts)
        if not isinstance(part, Attenuator) and (line, index) not in seen
    ]
    return HopPlan(parts=tuple(parts), stages=_SEARCH, good_cost_ratio=_GOOD_COST)
