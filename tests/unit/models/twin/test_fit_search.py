"""From a receiver of which only the type is known: echoes, half cycles, neighbours."""

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import (
    ReceiverHardware,
    draw_unit,
    usual_receiver,
    with_constants,
)
from models.twin.fit_descent import read_masked
from models.twin.fit_echoes import settle_echoes
from models.twin.fit_hops import HALF_CYCLE_S, HopPlan, descended, hop
from models.twin.fit_layers import delay_column, layers_of
from models.twin.fit_model import FitModel
from models.twin.fit_nudges import part_touching
from models.twin.fit_solver import Stage
from models.twin.fit_space import FROZEN, FitSpace, make_space
from models.twin.line_map import part_delays_s
from tests.unit.models.twin.calibration import AXIS_HZ, CALIBRATION, measured

SEED = 4
SEEN = {"S11": "weak_line", "S33": "bypass_line"}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def hidden() -> ReceiverHardware:
    """Return a unit that no description states."""
    return draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(SEED))


def space_of(described: ReceiverHardware) -> FitSpace:
    return make_space(described, list(CALIBRATION), ("gain_drift_db",), FROZEN)


def test_layers_end_where_a_reflection_sees_no_further() -> None:
    described = usual_receiver(has_jpa=False)
    layers = layers_of(described, "S33")
    assert [layer.part_index for layer in layers] == [0, 1, 2, 4]
    assert [layer.is_deep for layer in layers] == [False, False, False, True]
    output = [(layer.line, layer.part_index) for layer in layers_of(described, "S22")]
    assert output[0] == ("room_output_line", 0)
    assert output[1:] == [("upper_output_line", 1), ("upper_output_line", 0)]


def test_echoes_are_found_from_the_type_alone(hidden: ReceiverHardware) -> None:
    """Lengths off by centimetres, connectors of either sign: to 0.1 ps before pads."""
    described = usual_receiver(has_jpa=False)
    data = read_masked(measured(hidden, CALIBRATION[:1]), described)
    space = make_space(described, [CALIBRATION[0]], ("gain_drift_db",), FROZEN)
    place = space.start
    for trace, line in SEEN.items():
        place = settle_echoes(space, data, place, trace)
        found, true, start = (
            np.asarray(part_delays_s(one, CALIBRATION[0], line, AXIS_HZ[::8]))[:3]
            for one in (space.hardware_at(place), hidden, described)
        )
        assert np.abs(start - true).max() > 5e-12
        assert np.abs(found - true).max() < 0.1e-12


def test_a_hop_mends_a_lost_half_cycle(hidden: ReceiverHardware) -> None:
    """Two pieces of the cold line half a cycle off against each other."""
    space = space_of(hidden)
    data = read_masked(measured(hidden), hidden, 51)
    parts = (("cold_output_line", 0), ("cold_output_line", 1))
    plane = space.names.index("cold_output_line.connectors.1.reactance_ratio")
    values = space.values(space.start)
    right = values.copy()
    for sign, part in zip((1.0, -1.0), parts, strict=True):
        column, scale = delay_column(space, *part)
        values[column] += sign * HALF_CYCLE_S / scale
    values[plane] *= -1.0
    free = [
        index
        for index, name in enumerate(space.names)
        if name.startswith(("cold_output_line.", "hemt.", "isolator."))
    ]
    model = FitModel(space, data, free, sweeps=[3, 4], traces=["S23"])
    stages = tuple(
        Stage(tempering_ratio=ratio, step_count=6) for ratio in (0.1, 0.03, 0.01)
    )
    plan = HopPlan(parts=parts, stages=stages, good_cost_ratio=0.5)
    place, is_good = hop(model, space.place_of(values), plan, np.random.default_rng(0))
    assert is_good
    for part in parts:
        column, scale = delay_column(space, *part)
        assert space.values(place)[column] * scale == pytest.approx(
            right[column] * scale, abs=6e-12
        )


def test_planes_that_touch_are_told_apart_where_their_signs_differ(
    hidden: ReceiverHardware,
) -> None:
    """A descent from one sign for both stays there, some picoseconds off."""
    names = [
        "isolator.junction.ports.1.reactance_ratio",
        "cold_output_line.connectors.0.reactance_ratio",
    ]
    truth = with_constants(hidden, dict(zip(names, (0.19, -0.1), strict=True)))
    space = space_of(truth)
    data = read_masked(measured(truth), truth, 51)
    columns = [space.names.index(name) for name in names]
    start = space.start.copy()
    start[columns] = 0.045 / space.sigma[columns]
    free = [
        index
        for index, name in enumerate(space.names)
        if name.startswith(("cold_output_line.", "hemt.", "isolator."))
    ]
    model = FitModel(space, data, free, sweeps=[3, 4], traces=["S23"])
    stages = [Stage(tempering_ratio=ratio, step_count=20) for ratio in (3e-3, 1e-3)]
    _, stuck = descended(model, start, stages, np.inf)
    place, cost = part_touching(model, start, stages)
    assert cost < 0.9 * stuck
    assert space.values(place)[columns] == pytest.approx([0.19, -0.1], abs=0.03)
