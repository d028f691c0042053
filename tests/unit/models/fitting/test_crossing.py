import math

import numpy as np
import pytest

from models.diagnosis import ResonanceFlag, ResonanceKind, ResonanceState
from models.fitting import fit_resonance
from models.fitting.crossing import TwoModes
from models.fitting.lineshape import Line, LineShape
from models.fitting.refine import RefinedLine

F0_HZ = 5.1e9
WIDTH_HZ = F0_HZ / 8000


def _bright_and_dark(detuning, rate, *, dark_width=0.5, seed=0, points=601):
    """A mode seen in reflection, coupled to one that is not; in linewidths."""
    rng = np.random.default_rng(seed)
    frequency_hz = F0_HZ + np.linspace(-8, 8, points) * WIDTH_HZ
    bright = 1j * (frequency_hz - F0_HZ) + 0.5 * WIDTH_HZ
    dark = (
        1j * (frequency_hz - F0_HZ - detuning * WIDTH_HZ) + 0.5 * dark_width * WIDTH_HZ
    )
    response = 0.5 * WIDTH_HZ / (bright + (rate * WIDTH_HZ) ** 2 / dark)
    noise = 2e-3 * (rng.normal(size=(2, points)))
    return frequency_hz, 1 - 1.2 * response + noise[0] + 1j * noise[1]


@pytest.mark.parametrize("detuning", [0.0, 0.7, -1.5])
@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_avoided_crossing_gives_both_modes_and_their_coupling(detuning, rate):
    frequency_hz, trace = _bright_and_dark(detuning, rate)
    fit = fit_resonance(frequency_hz, trace, ResonanceKind.REFLECTION)
    assert fit.state is ResonanceState.AMBIGUOUS
    assert "second line" in fit.reason
    assert {ResonanceFlag.CROSSING, ResonanceFlag.SECOND_MODE} <= set(fit.flags)
    assert fit.mode_coupling_hz == pytest.approx(rate * WIDTH_HZ, rel=0.05)
    split = math.sqrt((detuning / 2) ** 2 + rate**2)
    expected = [F0_HZ + (detuning / 2 + side * split) * WIDTH_HZ for side in (-1, 1)]
    found = sorted([fit.resonant_frequency_hz, fit.second_frequency_hz])
    assert found == pytest.approx(expected, abs=0.1 * WIDTH_HZ)


def test_weak_intruder_is_fitted_beside_the_mode():
    frequency_hz, _ = _bright_and_dark(0, 0)
    rng = np.random.default_rng(3)
    away = (frequency_hz - F0_HZ) / WIDTH_HZ
    mode, intruder = 1 / (1 + 2j * away), 1 / (1 + 4j * (away - 4))
    noise = 1e-3 * rng.normal(size=(2, away.size))
    trace = 1 - 1.2 * mode - 0.12 * intruder + noise[0] + 1j * noise[1]
    fit = fit_resonance(frequency_hz, trace, ResonanceKind.REFLECTION)
    assert fit.state is ResonanceState.OK, fit.reason
    assert ResonanceFlag.SECOND_MODE in fit.flags
    assert fit.loaded_q == pytest.approx(8000, rel=0.01)
    assert fit.coupling_beta == pytest.approx(1.5, rel=0.02)
    assert fit.second_frequency_hz == pytest.approx(
        F0_HZ + 4 * WIDTH_HZ, abs=0.05 * WIDTH_HZ
    )


def test_one_mode_has_no_second(make_line):
    for seed in range(40):
        truth = make_line(ResonanceKind.REFLECTION, seed=seed, ripple=0.05)
        fit = fit_resonance(truth.frequency_hz, truth.trace, ResonanceKind.REFLECTION)
        assert fit.second_frequency_hz is None
        assert ResonanceFlag.SECOND_MODE not in fit.flags


@pytest.mark.parametrize(("half_width", "is_mode"), [(0.1, True), (0.9, False)])
def test_a_patch_on_what_surrounds_a_mode_is_no_second_one(half_width, is_mode):
    line = Line(LineShape.CURVED, -0.3, half_width, 0.0, np.ones(5, dtype=complex))
    modes = TwoModes(
        refined=RefinedLine(line, np.zeros(601, dtype=complex), 0.0),
        covariance=np.eye(14),
        second_centre=0.4,
        second_half_width=0.05,
        height_ratio=0.5,
        coupling_rate=None,
    )
    assert modes.are_distinct == is_mode
