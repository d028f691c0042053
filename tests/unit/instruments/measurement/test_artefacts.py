"""What is told from samples alone: corrupt traces are found, good ones left alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.files import read_archive
from instruments.measurement import TruthFlag
from instruments.measurement.artefacts import (
    LARGEST_MAGNITUDE,
    count_spikes,
    flags_of_traces,
)

POINTS = 401


def line(points_per_width, depth, noise, seed):
    """A Lorentzian on a line with delay, as a VNA would show it."""
    rng = np.random.default_rng(seed)
    offset = np.arange(POINTS) - POINTS / 2 + rng.uniform(-2, 2)
    mode = 1 / (1 + 2j * offset / points_per_width)
    delay = np.exp(1j * np.linspace(0, rng.uniform(0, 20), POINTS))
    whole = (1 - depth * mode) if depth else mode
    dirt = rng.normal(size=(2, POINTS))
    return (whole * delay + noise * (dirt[0] + 1j * dirt[1])).astype(np.complex64)


@pytest.fixture
def trace():
    return line(20.0, 0.9, 1e-3, 1)


@given(
    points_per_width=st.floats(1.0, 200.0),
    depth=st.sampled_from([0.0, 0.3, 0.9, 0.999]),
    noise=st.sampled_from([0.0, 1e-6, 1e-4, 1e-2, 1.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_resolved_line_is_never_a_spike(points_per_width, depth, noise, seed):
    found = line(points_per_width, depth, noise, seed)
    assert flags_of_traces({"S21": found}, narrow=True) == ()


@given(
    at=st.integers(0, POINTS - 1),
    exponent=st.floats(4.1, 30.0),
    narrow=st.booleans(),
)
def test_a_value_that_is_no_s_parameter_is_a_spike(at, exponent, narrow):
    spoilt = line(20.0, 0.9, 1e-3, 1)
    spoilt[at] = 10.0**exponent
    assert flags_of_traces({"S21": spoilt}, narrow=narrow) == (TruthFlag.SPIKES,)


@given(at=st.integers(1, POINTS - 2), height=st.floats(100.0, LARGEST_MAGNITUDE))
def test_a_lone_point_without_phase_is_a_spike_in_a_wide_sweep(at, height):
    spoilt = line(20.0, 0.9, 1e-3, 1)
    spoilt[at] = height
    assert flags_of_traces({"S21": spoilt}) == (TruthFlag.SPIKES,)


@pytest.mark.parametrize(
    ("spoil", "flags"),
    [
        (lambda t: np.where(np.arange(t.size) == 5, np.nan, t), ("not_finite",)),
        (lambda t: np.where(np.arange(t.size) == 5, -np.inf, t), ("not_finite",)),
        (lambda t: np.where(np.arange(t.size) == 5, 9.91e37j, t), ("not_finite",)),
        (np.zeros_like, ("rf_off",)),
        (lambda t: np.full_like(t, 0.3 - 0.1j), ("rf_off",)),
        (lambda t: np.where(np.arange(t.size) == 90, 0.0, t), ("spikes",)),
        (lambda t: np.where(np.arange(t.size) > 300, 0.0, t), ("spikes",)),
        (lambda t: np.where(np.arange(t.size) > 20, 0.0, t), ("spikes",)),
        (lambda t: t[:0], ()),
        (lambda t: t[:1], ()),
    ],
)
def test_what_an_instrument_alone_can_do_is_flagged(trace, spoil, flags):
    assert flags_of_traces({"S21": trace, "S11": spoil(trace)}) == flags


def test_a_lone_point_of_a_wide_sweep_may_be_the_mode(trace):
    trace[90] += 40.0 - 30.0j
    assert flags_of_traces({"S21": trace}) == ()
    assert flags_of_traces({"S21": trace}, narrow=True) == (TruthFlag.SPIKES,)
    assert count_spikes(trace) == 1


def test_weak_samples_that_text_rounds_to_zero_are_no_spikes():
    rng = np.random.default_rng(3)
    dirt = rng.normal(size=(2, POINTS))
    rounded = np.round(1.5 * dirt[0]) + 1j * np.round(1.5 * dirt[1])
    assert (rounded == 0).sum() > 5
    assert flags_of_traces({"S21": (rounded * 1e-6).astype(np.complex64)}) == ()


def test_the_same_samples_twice_are_one_measurement_read_twice(trace):
    fresh = line(20.0, 0.9, 1e-3, 2)
    before = {"S21": trace, "S11": trace}
    assert flags_of_traces({"S21": trace.copy(), "S11": fresh}, before) == (
        TruthFlag.REPEATED_TRACE,
    )
    assert flags_of_traces({"S21": fresh}, before) == ()
    assert flags_of_traces({"S22": trace}, before) == ()


@pytest.mark.parametrize(
    "name",
    [
        "fridge_chain.npz",
        "notch_temperature.npz",
        "resonator_temperature_12.npz",
        "switch_fingerprint_campaign1.npz",
    ],
)
@pytest.mark.parametrize("narrow", [False, True])
def test_no_measured_trace_is_flagged_by_mistake(reference_data, name, narrow):
    archive = read_archive(reference_data / name)
    previous = None
    for sweep in archive.s:
        traces = dict(zip(archive.s_parameters, sweep, strict=True))
        assert flags_of_traces(traces, previous, narrow=narrow) == ()
        previous = traces
