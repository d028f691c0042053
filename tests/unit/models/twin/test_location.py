"""A new reflection is found at the plane where it was put, or not claimed at all."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    SweepSettings,
    chain_noise_sigma,
    chain_response,
    draw_unit,
    plates_at,
    usual_receiver,
    with_constants,
)
from models.twin.echo_transform import Change
from models.twin.location import FaultLocation, LocationState, locate

AXIS_HZ = np.linspace(4e9, 8e9, 401)
POINT = OperatingPoint(
    plates=plates_at(4.0), cavity_temperature_k=4.0, rod_temperature_k=4.0
)
SETTINGS = SweepSettings(if_bandwidth_hz=100.0)
FITTED = dict.fromkeys(("weak_line", "bypass_line", "room_output_line"), 1e-13)


def _change(
    hardware: ReceiverHardware,
    trace: str,
    plane: str | None,
    resistance: float,
    seed: int,
) -> Change:
    rng = np.random.default_rng(seed)
    reference = chain_response(AXIS_HZ, hardware, POINT, [trace])
    moved = hardware
    if plane is not None:
        name = f"{plane}.contact_resistance_ratio"
        moved = with_constants(hardware, {name: resistance})
    seen = chain_response(AXIS_HZ, moved, POINT, [trace])
    sigma = chain_noise_sigma(AXIS_HZ, hardware, POINT, reference, SETTINGS)[trace]

    def noise() -> np.ndarray:
        parts = rng.standard_normal((2, AXIS_HZ.size))
        return np.asarray(sigma * (parts[0] + 1j * parts[1]))

    return Change(
        trace=trace,
        frequency_hz=AXIS_HZ,
        samples=seen[trace] + noise(),
        reference=reference[trace] + noise(),
        sigma=sigma,
    )


def _holds(found: FaultLocation, line: str, index: int) -> bool:
    return any(
        match.line == line and index in (match.connector_index, match.partner_index)
        for match in found.planes
    )


@settings(max_examples=12, deadline=None)
@given(
    place=st.sampled_from(
        [("S11", "weak_line", index) for index in range(4)]
        + [("S33", "bypass_line", index) for index in range(4)]
        + [("S22", "room_output_line", index) for index in range(2)]
    ),
    exponent=st.floats(-1.3, 2.3),
    seed=st.integers(0, 1000),
)
def test_a_loose_connector_is_located_at_its_plane(
    place: tuple[str, str, int], exponent: float, seed: int
) -> None:
    """Any severity above the level that hides, any unit: within the interval."""
    trace, line, index = place
    hardware = draw_unit(usual_receiver(), np.random.default_rng(seed))
    plane = f"{line}.connectors.{index}"
    found = locate(
        _change(hardware, trace, plane, 10.0**exponent, seed), hardware, POINT, FITTED
    )
    assert found.state is LocationState.LOCATED
    assert found.sigma_m is not None
    assert found.sigma_m < 0.01
    [match, *_] = [one for one in found.planes if one.connector_index == index]
    assert match.departure_sigma < 2.0


@settings(max_examples=8, deadline=None)
@given(
    index=st.integers(1, 7),
    exponent=st.floats(-1.0, 1.5),
    seed=st.integers(0, 1000),
)
def test_a_transmission_names_the_pair_that_rings(
    index: int, exponent: float, seed: int
) -> None:
    """Behind pads no reflection comes back; the double echo still names the plane."""
    hardware = draw_unit(usual_receiver(), np.random.default_rng(seed))
    plane = f"bypass_line.connectors.{index}"
    found = locate(
        _change(hardware, "S23", plane, 10.0**exponent, seed), hardware, POINT, FITTED
    )
    assert found.state is LocationState.LOCATED
    assert _holds(found, "bypass_line", index)


@pytest.mark.parametrize("trace", ["S11", "S33", "S22", "S23", "S21"])
def test_noise_alone_is_no_reflection(trace: str) -> None:
    """Healthy pairs of sweeps raise nothing."""
    hardware = draw_unit(usual_receiver(), np.random.default_rng(3))
    states = [
        locate(_change(hardware, trace, None, 0.0, seed), hardware, POINT).state
        for seed in range(5)
    ]
    assert states.count(LocationState.LOCATED) == 0


def test_a_described_line_says_that_it_is_less_certain() -> None:
    """Without a fit the plane still lies inside the wider interval."""
    described = usual_receiver()
    true = draw_unit(described, np.random.default_rng(11))
    change = _change(true, "S11", "weak_line.connectors.2", 3.0, 1)
    found = locate(change, described, POINT)
    sharp = locate(change, true, POINT, FITTED)
    assert found.sigma_m is not None
    assert sharp.sigma_m is not None
    assert found.sigma_m > 2.0 * sharp.sigma_m
    assert any(match.connector_index == 2 for match in found.planes)


def test_a_sweep_that_is_all_noise_locates_nothing() -> None:
    """A transmission that is gone has no echo."""
    change = _change(usual_receiver(), "S21", "weak_line.connectors.3", 1e4, 1)
    found = locate(change, usual_receiver(), POINT)
    assert found.state is LocationState.NO_NEW_REFLECTION
    assert found.distance_m is None


def test_what_cannot_be_transformed_is_refused() -> None:
    """Uneven axes, short ones and traces that show no line: one sentence each."""
    even = _change(usual_receiver(), "S11", None, 0.0, 1)
    with pytest.raises(ValueError, match="equal steps"):
        replace(even, frequency_hz=AXIS_HZ**2)
    with pytest.raises(ValueError, match="shows no line"):
        replace(even, trace="S44")
    with pytest.raises(ValueError, match="at least 16"):
        replace(even, frequency_hz=AXIS_HZ[:3])
