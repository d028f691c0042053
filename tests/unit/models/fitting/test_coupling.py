import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.diagnosis import ResonanceFlag, ResonanceKind
from models.fitting import fit_resonance

REFLECTION, NOTCH = ResonanceKind.REFLECTION, ResonanceKind.NOTCH


@settings(deadline=None, max_examples=30)
@given(
    kind=st.sampled_from([REFLECTION, NOTCH]),
    beta=st.floats(0.2, 5.0).filter(lambda beta: abs(beta - 1) > 0.1),
    delay_s=st.sampled_from([0.0, 30e-9]),
    seed=st.integers(0, 1000),
)
def test_side_of_critical_coupling_is_certain_without_leak(
    *, make_line, kind, beta, delay_s, seed
):
    truth = make_line(kind, beta=beta, delay_s=delay_s, seed=seed)
    fit = fit_resonance(truth.frequency_hz, truth.trace, kind)
    probability = fit.overcoupled_probability
    assert (probability > 0.5) is (fit.coupling_beta > 1)
    assert probability > 0.95 if beta > 1 else probability < 0.05
    product = 1 / fit.unloaded_q + 1 / fit.coupling_q
    assert product == pytest.approx(1 / fit.loaded_q)


def test_probability_of_overcoupling_is_calibrated(make_line):
    rng = np.random.default_rng(5)
    told, truths = [], []
    for seed in range(500):
        beta = math.exp(rng.uniform(-1.0, 1.0))
        leak = 10 ** rng.uniform(-2.5, -0.5) * np.exp(1j * rng.uniform(0, 2 * np.pi))
        truth = make_line(REFLECTION, beta=beta, seed=seed, noise=3e-3, points=101)
        fit = fit_resonance(truth.frequency_hz, truth.trace + leak, REFLECTION)
        if fit.overcoupled_probability is not None:
            told.append(fit.overcoupled_probability)
            truths.append(beta > 1)
    told, truths = np.array(told), np.array(truths)
    assert told.size > 450
    certain = np.abs(told - 0.5) > 0.45
    assert certain.mean() > 0.3
    assert (truths == (told > 0.5))[certain].mean() > 0.95
    doubtful = np.abs(told - 0.5) < 0.3
    right = (truths == (told > 0.5))[doubtful].mean()
    assert 0.45 < right < 0.9
    assert ((told - truths) ** 2).mean() < 0.12


def test_transmission_tells_no_side(make_line):
    truth = make_line(ResonanceKind.TRANSMISSION)
    fit = fit_resonance(truth.frequency_hz, truth.trace)
    assert fit.overcoupled_probability is None
    assert fit.asymmetry_rad is None


@pytest.mark.parametrize("rotation", [-0.8, -0.3, 0.3, 0.8])
def test_mismatch_behind_a_line_is_taken_out(make_line, rotation):
    # Mismatch lengthens the diameter by 1 / cos (Khalil et al. 2012).
    ideal = 0.75
    length = ideal / math.cos(rotation)
    truth = make_line(
        NOTCH,
        beta=length / (1 - length) if length < 1 else -length / (length - 1),
        rotation=rotation,
        delay_s=200e-9,
    )
    fit = fit_resonance(truth.frequency_hz, truth.trace, NOTCH)
    assert fit.coupling_beta == pytest.approx(ideal / (1 - ideal), rel=0.05)
    assert fit.asymmetry_rad == pytest.approx(rotation, abs=0.02)
    assert (ResonanceFlag.ROTATED in fit.flags) is True


@pytest.mark.parametrize("delay_s", [-80e-9, 50e-9, 120e-9])
def test_delay_of_the_line_is_told(make_line, delay_s):
    truth = make_line(REFLECTION, delay_s=delay_s)
    fit = fit_resonance(truth.frequency_hz, truth.trace, REFLECTION)
    assert fit.line_delay_s == pytest.approx(delay_s, abs=2e-9)
    known = fit_resonance(
        truth.frequency_hz, truth.trace, REFLECTION, line_delay_s=delay_s / 2
    )
    assert known.line_delay_s == pytest.approx(delay_s, abs=2e-9)


@pytest.mark.parametrize("ripple", [0.05, 0.1])
def test_standing_wave_does_not_pull_the_coupling(make_line, ripple):
    pulls = []
    for seed in range(30):
        truth = make_line(
            REFLECTION, seed=seed, ripple=ripple, loaded_q=2000.0, delay_s=30e-9
        )
        fit = fit_resonance(truth.frequency_hz, truth.trace, REFLECTION)
        pulls.append(fit.coupling_beta / truth.beta - 1)
    assert np.median(np.abs(pulls)) < 0.01
