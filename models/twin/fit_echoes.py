"""First stage of a fit: the echoes of the reflections, layer by layer.

A reflection sees the nearest plane first, whatever lies behind. Each layer is searched
through a gate in time that closes behind it, with everything before it settled.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np

from instruments.simulation.physics.chain import OperatingPoint
from models.twin.calibration_set import Reals, Samples, SweepData
from models.twin.fit_layers import Layer, delay_column, layers_of
from models.twin.fit_model import FitModel
from models.twin.fit_ranking import ranked
from models.twin.fit_solver import Stage, solve
from models.twin.fit_space import FitSpace
from models.twin.line_map import part_delays_s

_SHIFTS_S = 1e-12 * np.arange(-80.0, 81.0, 8.0)
_REACTANCES = np.asarray([-0.32, -0.2, -0.1, 0.1, 0.2, 0.32])
_APART_S = 13e-12
_GATE_MARGIN_S = 0.75e-9
_GATE_BETA = 8.0
_GOOD_COST = 1.15
_TRIED_COUNT = 6
_KEPT_COUNT = 3
_SHALLOW = (0.03, 1e-3)
_DEEP = (1e-3, 1e-4)
_POLISHED = (2e-3, 2e-4)
_ROOM_AMPLIFIER_WAY_S = 2e-10


def settle_echoes(
    space: FitSpace, data: Sequence[SweepData], place: Reals, trace: str
) -> Reals:
    """Return a place at which a reflection's own line explains it.

    Parameters
    ----------
    data
        Sweeps; the first one is looked at, modes and all: pads hide them.
    """
    if trace not in data[0].names:
        return place
    layers = layers_of(space.hardware, trace)
    lines = {layer.line for layer in layers}
    place = place.copy()
    for index, name in enumerate(space.names):
        if name.split(".")[0] in lines and name.endswith("reactance_ratio"):
            place[index] = 0.0
    peeled = _Peeling(space, data[0], trace)
    found = peeled.peel(layers, place)
    prefixes = [f"{line}." for line in lines]
    prefixes += {"S11": ["vna."], "S22": ["room_amplifier.", "hemt."]}.get(trace, [])
    free = _starting(space, tuple(prefixes))
    model = FitModel(space, data, free, sweeps=[0], traces=[trace])
    coarse, fine = (_stage(ratio, 6) for ratio in _POLISHED)
    ends = [solve(model, solve(model, start, coarse).place, fine) for start in found]
    return min(ends, key=lambda one: one.cost_sum).place


class _Peeling:
    """Search of one reflection, layer by layer."""

    def __init__(self, space: FitSpace, data: SweepData, trace: str) -> None:
        self._space, self._data, self._trace = space, data, trace
        self._point: OperatingPoint = data.sweep.point
        self._axis_hz = data.sweep.frequency_hz
        # What one calibration left over is seen by S11 first, and settled there.
        prefixes = ("vna.",) if trace == "S11" else ()
        self._settled = set(_starting(space, prefixes))

    def peel(self, layers: Sequence[Layer], place: Reals) -> list[Reals]:
        """Return the best places, the best first."""
        beam, way_s, was_deep = [place], 0.0, False
        gate, before = None, sorted(self._settled)
        for layer in layers:
            if layer.is_deep and not was_deep and gate is not None:
                model = self._model(before)
                stage = _stage(_DEEP[1], 6, gate)
                beam = [solve(model, start, stage).place for start in beam]
            was_deep = layer.is_deep
            way_s += self._way_s(layer)
            gate = _gate(self._axis_hz, 2.0 * way_s + _GATE_MARGIN_S)
            beam = self._searched(layer, beam, gate)
            before = sorted(self._settled)
        return beam

    def _way_s(self, layer: Layer) -> float:
        delays = part_delays_s(
            self._space.hardware, self._point, layer.line, self._axis_hz
        )
        through = layer.line == "upper_output_line" and layer.is_deep
        first = layer.part_index == len(delays) - 1
        own = delays[layer.part_index]
        return own + (_ROOM_AMPLIFIER_WAY_S if through and first else 0.0)

    def _model(self, free: Sequence[int]) -> FitModel:
        model = FitModel(
            self._space, [self._data], free, sweeps=[0], traces=[self._trace]
        )
        model.is_used = np.isfinite(model.samples) & (model.samples != 0.0)
        return model

    def _searched(self, layer: Layer, beam: list[Reals], gate: Samples) -> list[Reals]:
        space = self._space
        self._settled |= {
            space.names.index(_plane(line, index)) for line, index in layer.near
        }
        part = f"{layer.line}.parts.{layer.part_index}."
        delay, scale = delay_column(space, layer.line, layer.part_index)
        plane = space.names.index(_plane(layer.line, layer.far_index))
        after = self._settled | set(_starting(space, (part, *layer.further))) | {plane}
        search = self._model(sorted(self._settled | {delay, plane}))
        descent = self._model(sorted(after))
        coarse, fine = _DEEP if layer.is_deep else _SHALLOW
        ends: list[tuple[float, Reals]] = []
        for start in beam:
            columns = np.asarray([delay, plane], dtype=np.intp)
            held = space.values(start)[delay]
            grid = np.asarray(list(product(held + _SHIFTS_S / scale, _REACTANCES)))
            starts = ranked(search, start, _stage(coarse, 1, gate), columns, grid)
            taken: list[float] = []
            for _, row, candidate in starts:
                value = float(grid[row, 0])
                if len(taken) == _TRIED_COUNT:
                    break
                if any(abs(value - one) * scale < _APART_S for one in taken):
                    continue
                taken.append(value)
                found = solve(descent, candidate, _stage(coarse, 5, gate)).place
                solution = solve(descent, found, _stage(fine, 8, gate))
                ends.append((solution.cost_sum, solution.place))
                if solution.cost_sum < _GOOD_COST * 2 * len(gate):
                    self._settled = after
                    return [solution.place]
        self._settled = after
        ends.sort(key=lambda end: end[0])
        return _distinct([place for _, place in ends])[:_KEPT_COUNT]


def _gate(axis_hz: Reals, latest_s: float) -> Samples:
    """Return the windowed transform to the delays that a gate lets through."""
    count = axis_hz.size
    span_hz = count * (axis_hz[1] - axis_hz[0])
    window = np.kaiser(count, _GATE_BETA)
    window /= np.sqrt(count * np.mean(window**2))
    delays_s = np.arange(-2, int(np.ceil(latest_s * span_hz)) + 3) / span_hz
    turns = np.outer(delays_s, axis_hz - axis_hz[0])
    return np.asarray(np.exp(2j * np.pi * turns) * window)


def _stage(ratio: float, steps: int, gate: Samples | None = None) -> Stage:
    return Stage(
        tempering_ratio=ratio,
        step_count=steps,
        is_logarithmic=False,
        gate=gate,
        longest_step=1.5,
        smallest_gain_ratio=1e-3 if gate is None else 0.03,
    )


def _plane(line: str, index: int) -> str:
    return f"{line}.connectors.{index}.reactance_ratio"


def _starting(space: FitSpace, prefixes: tuple[str, ...]) -> list[int]:
    return [
        index for index, name in enumerate(space.names) if name.startswith(prefixes)
    ]


def _distinct(places: list[Reals]) -> list[Reals]:
    found: list[Reals] = []
    for place in places:
        if all(np.abs(place - one).max() > 0.3 for one in found):
            found.append(place)
    return found
