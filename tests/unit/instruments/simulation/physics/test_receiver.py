import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.simulation.physics import drives, receiver_response

ALL = tuple(f"S{b}{a}" for b in range(1, 5) for a in range(1, 5))


def level_change_db(before, after):
    return np.abs(20 * np.log10(np.abs(after / before)))


def test_shapes_follow_the_state(axis_hz, receiver, make_state):
    one = receiver_response(axis_hz, receiver, make_state())
    assert {trace.shape for trace in one.values()} == {(401,)}
    many = receiver_response(
        axis_hz, receiver, make_state(temperature_k=np.asarray([4.0, 30.0, 200.0])), ALL
    )
    assert {trace.shape for trace in many.values()} == {(3, 401)}
    for name in one:
        np.testing.assert_allclose(many[name][0], one[name], rtol=1e-12)


def test_torch_gives_the_same_numbers(axis_hz, receiver, make_state):
    changes = {
        "temperature_k": [4.0, 40.0],
        "magnetic_field_tesla": [0.0, 0.02],
        "connector_severity": [0.0, 0.4],
        "connector_index": [0, 3],
        "amplifier_bias": [1.0, 0.7],
    }
    state = make_state(**{key: np.asarray(value) for key, value in changes.items()})
    with_numpy = receiver_response(axis_hz, receiver, state, ALL)
    # float32 literals would round 0.02, hence the doubles
    doubles = make_state(
        **{
            key: torch.tensor(value, dtype=torch.float64)
            for key, value in changes.items()
        }
    )
    with_torch = receiver_response(torch.asarray(axis_hz), receiver, doubles, ALL)
    for name in ALL:
        np.testing.assert_allclose(
            with_torch[name].numpy(), with_numpy[name], rtol=1e-9, atol=1e-15
        )


def test_torch_differentiates_every_field_of_the_state(axis_hz, receiver, make_state):
    fields = {
        "temperature_k": 40.0,
        "magnetic_field_tesla": 0.02,
        "resonant_frequency_hz": 5.1e9,
        "loaded_q": 8000.0,
        "coupling_beta": 1.5,
        "connector_severity": 0.2,
        "amplifier_bias": 0.9,
        "gain_drift_db": 0.01,
        "delay_drift_s": 1e-13,
    }
    leaves = {
        key: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for key, value in fields.items()
    }
    traces = receiver_response(
        torch.asarray(axis_hz), receiver, make_state(**leaves, connector_index=4)
    )
    torch.abs(traces["S21"]).sum().backward()
    for key, leaf in leaves.items():
        assert torch.isfinite(leaf.grad), key
        assert leaf.grad != 0, key


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(temperature_k=st.floats(3.0, 290.0), field_tesla=st.floats(0.0, 0.05))
def test_response_is_continuous(
    temperature_k, field_tesla, axis_hz, receiver, make_state
):
    state = make_state(
        temperature_k=np.asarray([temperature_k, temperature_k + 1e-3]),
        magnetic_field_tesla=np.asarray([field_tesla, field_tesla + 1e-7]),
    )
    for trace in receiver_response(axis_hz, receiver, state).values():
        step = np.abs(trace[1] - trace[0]) / np.abs(trace).max()
        assert 0 < step.max() < 1e-3


def test_temperature_is_strong_above_fifteen_kelvin_and_faint_below(
    axis_hz, receiver, make_state
):
    temperature_k = np.asarray([4.0, 6.0, 20.0, 50.0])
    trace = receiver_response(
        axis_hz, receiver, make_state(temperature_k=temperature_k)
    )["S23"]
    change = level_change_db(trace[0], trace).mean(axis=1)
    assert change[1] < 0.03
    assert change[2] > 0.1
    assert change[3] > 0.5


def test_field_moves_the_circulator_and_leaves_the_input_line_alone(
    axis_hz, receiver, make_state
):
    field_tesla = np.asarray([0.0, 0.002, 0.01, 0.05])
    traces = receiver_response(
        axis_hz, receiver, make_state(magnetic_field_tesla=field_tesla)
    )
    relative = np.abs(traces["S23"] / traces["S23"][0] - 1.0).mean(axis=1)
    assert relative[1] < 0.003
    assert 0.01 < relative[2] < relative[3]
    weak_change = level_change_db(traces["S11"][0], traces["S11"])
    # The cavity shows its strong side through the weak port on resonance only.
    assert np.median(weak_change) < 1e-4


@pytest.mark.parametrize(
    ("line", "seen"),
    [("weak_line", {"S21", "S11"}), ("bypass_line", {"S23"})],
)
def test_loose_connector_shows_where_it_is(line, seen, axis_hz, receiver, make_state):
    connector = receiver.first_connector(line) + 2
    good = receiver_response(axis_hz, receiver, make_state())
    loose = receiver_response(
        axis_hz, receiver, make_state(connector_severity=0.5, connector_index=connector)
    )
    changed = {
        name for name in good if level_change_db(good[name], loose[name]).mean() > 0.3
    }
    assert changed == seen


def test_reflection_dips_and_transmission_peaks_at_the_mode(receiver, make_state):
    axis_hz = 5.1e9 + np.linspace(-5e6, 5e6, 2001)
    traces = receiver_response(axis_hz, receiver, make_state())
    peak_hz = axis_hz[np.abs(traces["S21"]).argmax()]
    dip_hz = axis_hz[np.abs(traces["S23"]).argmin()]
    assert abs(peak_hz - 5.1e9) < 0.1e6
    assert abs(dip_hz - 5.1e9) < 0.5e6
    assert np.abs(traces["S21"]).max() > 8 * np.abs(traces["S21"][0])


def test_fourth_port_is_open(axis_hz, receiver, make_state):
    traces = receiver_response(axis_hz, receiver, make_state(), ("S44", "S14", "S41"))
    assert (traces["S44"] == 1.0).all()
    assert (traces["S14"] == 0.0).all()


def test_each_source_port_needs_a_pass():
    assert drives(("S21", "S23", "S11")) == 2
    assert drives(("S21",)) == 1
