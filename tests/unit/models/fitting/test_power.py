import numpy as np
import pytest

from models.diagnosis import ResonanceFlag, ResonanceKind, ResonanceState
from models.fitting import fit_resonance
from models.fitting.driven import FOLD, energy, saturating_response, shifted_response

NOTCH = ResonanceKind.NOTCH


@pytest.mark.parametrize("kind", [ResonanceKind.NOTCH, ResonanceKind.REFLECTION])
@pytest.mark.parametrize("share", [-0.9, -0.4, -0.1, 0.1, 0.4, 0.9])
def test_tilted_dip_gives_its_low_power_centre(make_line, kind, share):
    shift = share * FOLD
    truth = make_line(
        kind, lambda y: shifted_response(y, shift), points=801, delay_s=20e-9
    )
    fit = fit_resonance(truth.frequency_hz, truth.trace, kind)
    assert fit.state is ResonanceState.OK, fit.reason
    assert ResonanceFlag.DRIVEN in fit.flags
    assert ResonanceFlag.BIFURCATED not in fit.flags
    assert abs(fit.drive_ratio - share) < max(0.02, 5 * fit.drive_ratio_sigma)
    error_hz = abs(fit.resonant_frequency_hz - truth.f0_hz)
    assert error_hz < max(6 * fit.resonant_frequency_sigma_hz, 0.02 * 5.1e9 / 8000)
    assert fit.loaded_q == pytest.approx(truth.loaded_q, rel=0.03)
    assert fit.coupling_beta == pytest.approx(truth.beta, rel=0.05)


@pytest.mark.parametrize("share", [-3.0, -1.5, 1.5, 3.0])
@pytest.mark.parametrize("highest", [True, False])
def test_folded_line_is_called_so(make_line, share, highest):
    shift = share * FOLD
    truth = make_line(
        NOTCH,
        lambda y: shifted_response(y, shift, highest=highest),
        points=801,
        linewidths=16.0,
    )
    fit = fit_resonance(truth.frequency_hz, truth.trace, NOTCH)
    assert fit.state is ResonanceState.BAD_SHAPE
    assert ResonanceFlag.BIFURCATED in fit.flags, (fit.reason, fit.flags)
    assert "less power" in fit.reason
    # The lower branch hardly knows how far beyond its end the fold reaches.
    assert fit.drive_ratio * share > 0
    if highest:
        assert fit.drive_ratio == pytest.approx(share, rel=0.1)


@pytest.mark.parametrize(("loss", "knee"), [(0.5, 3.0), (2.0, 10.0), (4.0, 30.0)])
def test_pointed_dip_of_a_saturating_loss(make_line, loss, knee):
    truth = make_line(
        NOTCH,
        lambda y: saturating_response(y, loss, knee),
        points=801,
        linewidths=20.0,
        beta=2.0,
    )
    fit = fit_resonance(truth.frequency_hz, truth.trace, NOTCH)
    assert fit.state is ResonanceState.OK, fit.reason
    assert ResonanceFlag.SATURATING in fit.flags
    assert ResonanceFlag.DRIVEN not in fit.flags
    # Q is that at the peak; the external Q knows of no power.
    assert fit.loaded_q == pytest.approx(truth.loaded_q, rel=0.03)
    assert fit.coupling_q == pytest.approx(truth.loaded_q * 1.5, rel=0.03)


def test_line_of_little_power_is_not_called_driven(make_line):
    driven = {ResonanceFlag.DRIVEN, ResonanceFlag.SATURATING}
    for seed in range(40):
        truth = make_line(NOTCH, seed=seed, ripple=0.05, delay_s=20e-9)
        fit = fit_resonance(truth.frequency_hz, truth.trace, NOTCH)
        assert fit.state is ResonanceState.OK
        assert not driven & set(fit.flags)


def test_energy_is_what_moves_the_line():
    distance = np.linspace(-5, 5, 4001)
    for shift in (-1.0, 0.5, 1.4):
        peak = distance[np.argmax(energy(distance, shift))]
        assert peak == pytest.approx(shift, abs=0.01)
