import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.physics.chain import (
    OperatingPoint,
    chain_response,
    draw_unit,
    list_constants,
    read_constants,
    usual_receiver,
    with_constants,
)
from instruments.simulation.physics.chain.vector import stacked

NAMES = [constant.name for constant in list_constants(usual_receiver())]


def test_names_are_unique_and_carry_their_value(usual):
    constants = list_constants(usual)
    assert len({constant.name for constant in constants}) == len(constants)
    by_name = {constant.name: constant for constant in constants}
    delay = by_name["room_output_line.parts.0.delay_s"]
    assert delay.value == usual.room_output_line.parts[0].delay_s
    assert delay.prior_sigma == delay.scale == 2e-11
    assert by_name["circulator.center_frequency_hz"].prior_sigma == 0.01 * 5.9e9
    assert all(constant.scale > 0 for constant in constants)


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True))
def test_what_is_put_in_comes_out_and_nothing_else_moves(names):
    hardware = usual_receiver()
    values = [value * 1.01 for value in read_constants(hardware, names)]
    moved = with_constants(hardware, dict(zip(names, values, strict=True)))
    assert read_constants(moved, names) == values
    rest = [name for name in NAMES if name not in names]
    assert read_constants(moved, rest) == read_constants(hardware, rest)


def test_an_operating_point_is_a_vector_too():
    moved = with_constants(OperatingPoint(), {"plates.still_k": 1.5})
    assert moved.plates.still_k == 1.5
    names = [c.name for c in list_constants(moved, ["plates.*"])]
    assert names[0] == "plates.room_k"
    assert len(names) == 6


def test_an_unknown_name_is_refused(usual):
    with pytest.raises(KeyError, match="is no constant"):
        with_constants(usual, {"weak_line.length_m": 1.0})


def test_a_jacobian_by_torch_is_that_by_differences(usual):
    names = [
        "circulator.center_frequency_hz",
        "cold_output_line.parts.0.length_m",
        "hemt.gain_db",
        "weak_line.connectors.2.reactance_ratio",
    ]
    constants = {c.name: c for c in list_constants(usual)}
    scales = np.asarray([constants[name].scale for name in names])
    axis_hz = np.linspace(4.5e9, 7.5e9, 9)

    def respond(step, like):
        values = {
            name: constants[name].value + constants[name].scale * part
            for name, part in zip(names, step, strict=True)
        }
        traces = chain_response(like, with_constants(usual, values), OperatingPoint())
        return traces["S21"] * 1e3

    jacobian = torch.func.jacrev(
        lambda step: torch.view_as_real(respond(step, torch.asarray(axis_hz)))
    )(torch.zeros(len(names), dtype=torch.float64))
    assert torch.isfinite(jacobian).all()
    for index in range(len(names)):
        step = np.zeros(len(names))
        step[index] = 1e-5
        central = respond(step, axis_hz) - respond(-step, axis_hz)
        expected = central / 2e-5
        got = jacobian[..., index].numpy()
        np.testing.assert_allclose(
            got[:, 0] + 1j * got[:, 1],
            expected,
            atol=1e-5 * np.abs(expected).max(),
        )
        assert scales[index] > 0


@pytest.mark.parametrize(
    "name",
    [
        "nobody",
        "cavity",
        "cavity.modes",
        "cavity.modes.9.mixing_hz",
        "cavity.modes.first.mixing_hz",
        "hemt.gain_db.more",
        "hemt.nothing",
        "jpa.nothing",
        "weak_line.parts.0",
    ],
)
def test_names_that_lead_to_no_constant_are_named(name):
    receiver = usual_receiver(has_jpa=False)
    with pytest.raises(KeyError, match=f"{name} is no constant of ReceiverHardware"):
        with_constants(receiver, {"hemt.gain_db": 40.0, name: 1.0})


def test_what_is_not_named_stays_the_same_object():
    receiver = usual_receiver()
    moved = with_constants(receiver, {"weak_line.parts.0.delay_s": 1e-9})
    assert moved.cavity is receiver.cavity
    assert moved.weak_line.parts[1] is receiver.weak_line.parts[1]
    assert moved.weak_line.parts[0].delay_s == 1e-9


@pytest.mark.parametrize("count", [2, 3])
def test_stacked_receivers_respond_as_each_by_itself(count, usual, axis_hz):
    # Two receivers are as many as the places along a section of coax.
    rng = np.random.default_rng(1)
    units = [draw_unit(usual, rng) for _ in range(count)]
    point = OperatingPoint()
    together = chain_response(axis_hz, stacked(units), point, ("S23",))["S23"]
    for index, unit in enumerate(units):
        alone = chain_response(axis_hz, unit, point, ("S23",))["S23"]
        np.testing.assert_allclose(together[index], alone.reshape(-1), rtol=1e-10)
    assert stacked([units[0], units[0]]) is units[0]
