"""Quoted uncertainties against the truth, with noise, standing waves and delay."""

import numpy as np
import pytest

from models.diagnosis import ResonanceKind, ResonanceState
from models.fitting import fit_resonance

SWEEPS = 120


def _hits(make_line, kind, *, ripple, noise, bootstrap_count=0, sweeps=SWEEPS):
    rng = np.random.default_rng(11)
    found = []
    for seed in range(sweeps):
        truth = make_line(
            kind,
            seed=seed,
            f0_hz=rng.uniform(1e9, 10e9),
            loaded_q=10 ** rng.uniform(3, 4.7),
            beta=10 ** rng.uniform(-0.5, 0.5),
            noise=noise,
            ripple=ripple,
            delay_s=30e-9,
            offset_linewidths=rng.uniform(-1.5, 1.5),
        )
        fit = fit_resonance(
            truth.frequency_hz, truth.trace, kind, bootstrap_count=bootstrap_count
        )
        if fit.state is not ResonanceState.OK:
            continue
        pulls = [
            (fit.resonant_frequency_hz - truth.f0_hz) / fit.resonant_frequency_sigma_hz,
            (fit.loaded_q - truth.loaded_q) / fit.loaded_q_sigma,
        ]
        if fit.coupling_beta is not None:
            pulls.append((fit.coupling_beta - truth.beta) / fit.coupling_beta_sigma)
        found.append(np.abs(pulls))
    assert len(found) > 0.93 * sweeps
    return np.array(found)


@pytest.mark.parametrize("kind", ResonanceKind)
@pytest.mark.parametrize("ripple", [0.0, 0.1])
@pytest.mark.parametrize("noise", [1e-3, 1e-2])
def test_one_sigma_covers_the_truth_in_two_of_three_sweeps(
    *, make_line, kind, ripple, noise
):
    pulls = _hits(make_line, kind, ripple=ripple, noise=noise)
    one, two = (pulls < 1).mean(axis=0), (pulls < 2).mean(axis=0)
    # 68 % within the scatter of 120 sweeps, for f0 and Q.
    assert (one[:2] > 0.54).all(), one
    assert (one[:2] < 0.82).all(), one
    assert (two > 0.87).all(), two
    # A standing wave that was corrected for leaves beta better than it says.
    assert (one[2:] > 0.54).all(), one


@pytest.mark.parametrize("kind", ResonanceKind)
def test_bootstrap_confirms_the_covariance(make_line, kind):
    pulls = _hits(
        make_line, kind, ripple=0.05, noise=1e-2, bootstrap_count=40, sweeps=25
    )
    one = (pulls < 1).mean(axis=0)
    assert (one > 0.4).all()
    assert (one[:2] < 0.92).all()
    truth = make_line(kind, noise=1e-2, delay_s=30e-9)
    plain = fit_resonance(truth.frequency_hz, truth.trace, kind)
    drawn = fit_resonance(truth.frequency_hz, truth.trace, kind, bootstrap_count=200)
    assert drawn.loaded_q == plain.loaded_q
    assert drawn.loaded_q_sigma == pytest.approx(plain.loaded_q_sigma, rel=0.3)
    assert drawn.resonant_frequency_sigma_hz == pytest.approx(
        plain.resonant_frequency_sigma_hz, rel=0.3
    )
    again = fit_resonance(truth.frequency_hz, truth.trace, kind, bootstrap_count=200)
    assert again == drawn
