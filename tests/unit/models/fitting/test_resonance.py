import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.measurement import Sweep, SweepPurpose
from models.diagnosis import Diagnosis, ResonanceFlag, ResonanceKind, ResonanceState
from models.fitting import fit_resonance
from models.serving.predictor import Predictor

F0_HZ = 5.1e9


def line(
    kind,
    *,
    seed=0,
    loaded_q=8000.0,
    beta=1.5,
    delay_s=0.0,
    noise=0.0,
    points=201,
    span_linewidths=10.0,
    offset_linewidths=0.0,
):
    """A trace of one mode; offset moves the span, noise is rms over the peak."""
    rng = np.random.default_rng(seed)
    width_hz = F0_HZ / loaded_q
    span = np.linspace(-0.5, 0.5, points) * span_linewidths + offset_linewidths
    frequency_hz = F0_HZ + span * width_hz
    lorentzian = 1.0 / (1.0 + 2j * loaded_q * (frequency_hz - F0_HZ) / F0_HZ)
    trace = {
        ResonanceKind.REFLECTION: 1.0 - 2.0 * beta / (1.0 + beta) * lorentzian,
        ResonanceKind.NOTCH: 1.0 - beta / (1.0 + beta) * lorentzian,
        ResonanceKind.TRANSMISSION: 0.02 * lorentzian + 2e-4 * np.exp(1j),
    }[kind]
    trace = trace * np.exp(1j * rng.uniform(0, 6) - 2j * np.pi * delay_s * frequency_hz)
    white = rng.normal(size=points) + 1j * rng.normal(size=points)
    return frequency_hz, trace + noise * np.abs(trace).max() * white / math.sqrt(2)


@settings(deadline=None, max_examples=40)
@given(
    kind=st.sampled_from(ResonanceKind),
    seed=st.integers(0, 10_000),
    loaded_q=st.floats(500, 60_000),
    beta=st.floats(0.25, 5.0),
    delay_s=st.sampled_from([0.0, 20e-9, 60e-9]),
    points=st.sampled_from([101, 201, 1601]),
    offset=st.floats(-2.5, 2.5),
)
def test_fit_recovers_the_truth(*, kind, seed, loaded_q, beta, delay_s, points, offset):
    frequency_hz, trace = line(
        kind,
        seed=seed,
        loaded_q=loaded_q,
        beta=beta,
        delay_s=delay_s * 8000 / max(loaded_q, 8000),
        noise=2e-3,
        points=points,
        offset_linewidths=offset,
    )
    fit = fit_resonance(frequency_hz, trace, kind)
    assert fit.state is ResonanceState.OK, fit.reason
    width_hz = F0_HZ / loaded_q
    assert abs(fit.resonant_frequency_hz - F0_HZ) < max(
        0.02 * width_hz, 6 * fit.resonant_frequency_sigma_hz
    )
    assert abs(fit.loaded_q - loaded_q) < max(0.03 * loaded_q, 6 * fit.loaded_q_sigma)
    if kind is not ResonanceKind.TRANSMISSION:
        assert abs(fit.coupling_beta - beta) < max(
            0.05 * beta, 6 * fit.coupling_beta_sigma
        )
        assert fit.unloaded_q == pytest.approx(fit.loaded_q * (1 + fit.coupling_beta))


@pytest.mark.parametrize("kind", ResonanceKind)
@pytest.mark.parametrize("delay_s", [0.0, 40e-9])
def test_uncertainties_are_honest(kind, delay_s):
    pulls = []
    for seed in range(120):
        frequency_hz, trace = line(kind, seed=seed, noise=0.02, delay_s=delay_s)
        fit = fit_resonance(frequency_hz, trace, kind)
        assert fit.state is ResonanceState.OK
        pulls.append(
            [
                (fit.resonant_frequency_hz - F0_HZ) / fit.resonant_frequency_sigma_hz,
                (fit.loaded_q - 8000.0) / fit.loaded_q_sigma,
            ]
        )
    spread = np.sqrt(np.mean(np.square(pulls), axis=0))
    assert (spread > 0.6).all()
    assert (spread < 1.4).all()


@pytest.mark.parametrize("points", [51, 201, 1601])
@pytest.mark.parametrize("level", [0.0, 5.0])
def test_pure_noise_is_no_resonance(points, level):
    rng = np.random.default_rng(points)
    frequency_hz = np.linspace(4.99e9, 5.01e9, points)
    states = {
        fit_resonance(
            frequency_hz,
            level + rng.normal(size=points) + 1j * rng.normal(size=points),
        ).state
        for _ in range(40)
    }
    assert states == {ResonanceState.NO_RESONANCE}


def test_smooth_slope_is_no_resonance():
    rng = np.random.default_rng(1)
    frequency_hz = np.linspace(4.99e9, 5.01e9, 201)
    trace = (1 + np.linspace(0, 0.3, 201)) * np.exp(-2j * np.pi * 30e-9 * frequency_hz)
    trace = trace + 1e-2 * (rng.normal(size=201) + 1j * rng.normal(size=201))
    assert fit_resonance(frequency_hz, trace).state is ResonanceState.NO_RESONANCE


@pytest.mark.parametrize("kind", ResonanceKind)
@pytest.mark.parametrize("offset", [-5.05, 4.9, 5.0, 5.2])
def test_line_at_the_end_of_the_span_is_edge(kind, offset):
    frequency_hz, trace = line(kind, noise=2e-3, offset_linewidths=offset)
    fit = fit_resonance(frequency_hz, trace, kind)
    assert fit.state is ResonanceState.EDGE
    assert "end of the span" in fit.reason


@pytest.mark.parametrize("value", [0.3, 1e21, np.nan, np.inf])
@pytest.mark.parametrize("places", [(40,), (98, 99), (40, 100, 160)])
def test_a_few_glitches_are_left_out(value, places):
    frequency_hz, clean = line(ResonanceKind.REFLECTION, noise=1e-3)
    trace = clean.copy()
    trace[list(places)] = value + (0 if value != 0.3 else 1j)
    expected = fit_resonance(frequency_hz, clean)
    fit = fit_resonance(frequency_hz, trace)
    assert fit.state is ResonanceState.OK, fit.reason
    assert fit.masked_point_count == len(places)
    assert fit.flags == (ResonanceFlag.POINTS_MASKED,)
    assert fit.loaded_q == pytest.approx(expected.loaded_q, rel=0.01)


def test_flags_survive_the_record():
    frequency_hz, trace = line(ResonanceKind.REFLECTION, noise=1e-3)
    trace[40] = np.nan
    diagnosis = replace(
        Predictor.without_model().diagnose(_sweep(frequency_hz)),
        resonance=fit_resonance(frequency_hz, trace),
    )
    record = json.loads(json.dumps(diagnosis.to_record()))
    assert record["resonance"]["flags"] == ["points_masked"]
    assert Diagnosis.from_record(record) == diagnosis
    for name in ("flags", "masked_point_count", "coupling_q"):
        del record["resonance"][name]
    old = Diagnosis.from_record(record).resonance
    assert old.flags == ()
    assert old.loaded_q == diagnosis.resonance.loaded_q


def _sweep(frequency_hz):
    return Sweep(
        cavity="cavity-1",
        measured_at=datetime(2026, 1, 31, tzinfo=UTC),
        purpose=SweepPurpose.WIDE,
        frequency_hz=frequency_hz,
        traces={"S11": np.ones(frequency_hz.size, dtype=np.complex64)},
    )


def test_many_glitches_are_the_instruments():
    frequency_hz, trace = line(ResonanceKind.REFLECTION, noise=1e-3)
    trace[::15] = 1e21
    fit = fit_resonance(frequency_hz, trace)
    assert fit.state is ResonanceState.INSTRUMENT_FAULT
    assert "14 of 201 points are corrupt" in fit.reason
    assert fit.resonant_frequency_hz is None


@pytest.mark.parametrize("trace", [np.full(201, 0.5 + 0.5j), np.zeros(201)])
def test_stuck_trace_is_the_instruments(trace):
    fit = fit_resonance(np.linspace(1e9, 2e9, 201), trace)
    assert fit.state is ResonanceState.INSTRUMENT_FAULT


def test_magnitude_without_phase_is_the_instruments():
    frequency_hz, trace = line(ResonanceKind.NOTCH, noise=1e-3)
    fit = fit_resonance(frequency_hz, np.abs(trace) + 0j)
    assert fit.state is ResonanceState.INSTRUMENT_FAULT
    assert "imaginary" in fit.reason


@pytest.mark.parametrize("separation", [2.0, 3.0, 4.0])
def test_two_like_lines_are_ambiguous(separation):
    frequency_hz, first = line(ResonanceKind.NOTCH, noise=3e-3, beta=4)
    _, second = line(ResonanceKind.NOTCH, beta=4, offset_linewidths=-separation)
    fit = fit_resonance(frequency_hz, first * second / second[0])
    assert fit.state is ResonanceState.AMBIGUOUS
    assert "second line" in fit.reason


def test_line_wider_than_the_span_is_bad_shape():
    frequency_hz, trace = line(
        ResonanceKind.REFLECTION, noise=1e-4, span_linewidths=0.4
    )
    fit = fit_resonance(frequency_hz, trace, ResonanceKind.REFLECTION)
    assert fit.state in {ResonanceState.BAD_SHAPE, ResonanceState.NO_RESONANCE}
    assert fit.reason


def test_ripple_is_bad_shape():
    rng = np.random.default_rng(1)
    frequency_hz = np.linspace(4e9, 8e9, 801)
    trace = 1 + 0.3 * np.sin(frequency_hz / 5e7)
    trace = trace + 1e-3 * (rng.normal(size=801) + 1j * rng.normal(size=801))
    assert fit_resonance(frequency_hz, trace).state is ResonanceState.BAD_SHAPE


def test_few_points_are_too_few():
    fit = fit_resonance(np.linspace(1e9, 2e9, 9), np.ones(9, dtype=complex))
    assert fit.state is ResonanceState.BAD_SHAPE
    assert "too few" in fit.reason


@pytest.mark.parametrize("kind", ResonanceKind)
@pytest.mark.parametrize("beta", [0.4, 3.0])
def test_kind_is_found_from_trace_and_name(kind, beta):
    frequency_hz, trace = line(kind, noise=2e-3, beta=beta)
    name = "S11" if kind is ResonanceKind.REFLECTION else "S21"
    fit = fit_resonance(frequency_hz, trace, name=name)
    assert fit.kind is kind
    assert fit.trace == name


@pytest.mark.parametrize("kind", ResonanceKind)
def test_level_and_point_count_do_not_matter(kind):
    frequency_hz, trace = line(kind, noise=1e-3, points=1601)
    whole = fit_resonance(frequency_hz, trace, kind)
    louder = fit_resonance(frequency_hz, 37.0 * trace, kind)
    fewer = fit_resonance(frequency_hz[::4], trace[::4], kind)
    assert louder.loaded_q == pytest.approx(whole.loaded_q, rel=1e-6)
    assert louder.residual_rms == pytest.approx(37.0 * whole.residual_rms, rel=1e-6)
    assert fewer.loaded_q == pytest.approx(whole.loaded_q, rel=0.02)


def test_uneven_axis_is_fitted():
    frequency_hz, _ = line(ResonanceKind.NOTCH)
    uneven = np.sort(np.random.default_rng(2).uniform(*frequency_hz[[0, -1]], 301))
    lorentzian = 1 / (1 + 2j * 8000 * (uneven - F0_HZ) / F0_HZ)
    fit = fit_resonance(uneven, 1 - 0.6 * lorentzian, ResonanceKind.NOTCH)
    assert fit.loaded_q == pytest.approx(8000, rel=1e-3)


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(ResonanceKind),
    f0_hz=st.floats(0.3e9, 20e9),
    q_decades=st.floats(2.5, 5.5),
    beta=st.floats(0.2, 5.0),
    noise=st.sampled_from([0.0, 1e-4, 1e-3, 1e-2]),
    turns=st.floats(-0.5, 0.5),
    seed=st.integers(0, 10_000),
)
def test_fit_recovers_the_truth_at_any_frequency_and_q(
    *, make_line, kind, f0_hz, q_decades, beta, noise, turns, seed
):
    loaded_q = 10**q_decades
    truth = make_line(
        kind,
        seed=seed,
        f0_hz=f0_hz,
        loaded_q=loaded_q,
        beta=beta,
        noise=noise,
        # Turns of the line's phase over the span of ten linewidths.
        delay_s=turns * loaded_q / f0_hz / 10,
    )
    fit = fit_resonance(truth.frequency_hz, truth.trace, kind)
    assert fit.state is ResonanceState.OK, fit.reason
    width_hz = f0_hz / loaded_q
    f0_error_hz = abs(fit.resonant_frequency_hz - f0_hz)
    assert f0_error_hz < max(1e-3 * width_hz, 6 * fit.resonant_frequency_sigma_hz)
    q_error = abs(fit.loaded_q - loaded_q)
    assert q_error < max(1e-3 * loaded_q, 6 * fit.loaded_q_sigma)
    if kind is not ResonanceKind.TRANSMISSION:
        beta_error = abs(fit.coupling_beta - beta)
        assert beta_error < max(2e-3 * beta, 6 * fit.coupling_beta_sigma)
