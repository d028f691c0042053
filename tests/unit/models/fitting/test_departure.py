import numpy as np
import pytest

from models.diagnosis import ResonanceFlag, ResonanceKind, ResonanceState
from models.fitting import fit_resonance

F0_HZ, LOADED_Q = 5.1e9, 8000.0
WIDTH_HZ = F0_HZ / LOADED_Q


def _shaken(wander_linewidths, seed, *, points=401, across=False):
    rng = np.random.default_rng(seed)
    frequency_hz = F0_HZ + np.linspace(-5, 5, points) * WIDTH_HZ
    shake = wander_linewidths * rng.normal(size=points)
    away = 2 * (frequency_hz - F0_HZ) / WIDTH_HZ
    width = 1.0 + 2 * shake if across else 1.0
    mode = 1 / (width + 1j * (away if across else away - 2 * shake))
    noise = 2e-3 * rng.normal(size=(2, points))
    return frequency_hz, 1 - 1.2 * mode + noise[0] + 1j * noise[1]


@pytest.mark.parametrize("wander", [0.02, 0.05, 0.1])
def test_shaken_mode_is_smeared_by_so_much(wander):
    found = []
    for seed in range(12):
        fit = fit_resonance(*_shaken(wander, seed), ResonanceKind.REFLECTION)
        assert fit.state is ResonanceState.OK, fit.reason
        assert ResonanceFlag.SMEARED in fit.flags
        found.append(fit.frequency_wander_hz)
        error_hz = abs(fit.resonant_frequency_hz - F0_HZ)
        assert error_hz < 5 * fit.resonant_frequency_sigma_hz
    assert np.median(found) == pytest.approx(wander * WIDTH_HZ, rel=0.3)


def test_noise_and_a_shaking_loss_are_no_smear():
    for seed in range(30):
        for wander, across in ((0.0, False), (0.03, True)):
            fit = fit_resonance(
                *_shaken(wander, seed, across=across), ResonanceKind.REFLECTION
            )
            assert ResonanceFlag.SMEARED not in fit.flags
            assert fit.frequency_wander_hz is None
