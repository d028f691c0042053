import numpy as np
import pytest

from models.diagnosis import ResonanceEstimate, ResonanceFlag, ResonanceKind
from models.diagnosis import ResonanceState as State
from models.fitting import (
    drift_of_opposite_sweeps,
    drift_per_sweep_hz,
    fit_resonance,
    without_drift,
)

F0_HZ, LOADED_Q = 5.1e9, 8000.0
WIDTH_HZ = F0_HZ / LOADED_Q
SPAN_HZ = 10 * WIDTH_HZ


def _swept(drift_hz, *, downward=False, start_hz=F0_HZ):
    """Sweep a mode that moves by drift_hz meanwhile."""
    rng = np.random.default_rng(1)
    frequency_hz = F0_HZ + np.linspace(-0.5, 0.5, 401) * SPAN_HZ
    elapsed = np.linspace(1, 0, 401) if downward else np.linspace(0, 1, 401)
    moving_hz = start_hz + drift_hz * elapsed
    mode = 1 / (1 + 2j * LOADED_Q * (frequency_hz - moving_hz) / F0_HZ)
    noise = 1e-3 * rng.normal(size=(2, 401))
    trace = 1 - 1.2 * mode + noise[0] + 1j * noise[1]
    return fit_resonance(frequency_hz, trace, ResonanceKind.REFLECTION)


@pytest.mark.parametrize("share", [-2.0, -0.3, 0.3, 2.0])
def test_drift_hides_in_one_sweep_and_shows_in_two(share):
    drift_hz = share * WIDTH_HZ
    upward, downward = _swept(drift_hz), _swept(drift_hz, downward=True)
    assert upward.state is State.OK
    # The stretched line is a Lorentzian again.
    assert ResonanceFlag.SMEARED not in upward.flags
    assert upward.loaded_q == pytest.approx(LOADED_Q * (1 - share / 10), rel=0.01)
    found_hz = drift_of_opposite_sweeps(upward, downward, span_hz=SPAN_HZ)
    assert found_hz == pytest.approx(drift_hz, abs=0.05 * WIDTH_HZ)
    again = _swept(drift_hz, start_hz=F0_HZ + drift_hz)
    later_hz = drift_per_sweep_hz(upward, again, interval_s=3.0, sweep_time_s=3.0)
    # The line is passed ever later as it runs away.
    assert later_hz == pytest.approx(drift_hz / (1 - share / 10), rel=0.02)
    true = without_drift(upward, drift_hz=drift_hz, span_hz=SPAN_HZ)
    assert true.loaded_q == pytest.approx(LOADED_Q, rel=0.01)
    assert true.unloaded_q == pytest.approx(LOADED_Q * 2.5, rel=0.02)
    assert (ResonanceFlag.SMEARED in true.flags) is (abs(share) > 0.5)
    other = without_drift(downward, drift_hz=drift_hz, span_hz=-SPAN_HZ)
    assert other.loaded_q == pytest.approx(LOADED_Q, rel=0.01)


def test_without_numbers_there_is_no_drift():
    empty = ResonanceEstimate(state=State.NO_RESONANCE)
    assert without_drift(empty, drift_hz=1e6, span_hz=SPAN_HZ) is empty
    assert drift_of_opposite_sweeps(empty, empty, span_hz=SPAN_HZ) is None
    assert drift_per_sweep_hz(empty, empty, interval_s=1, sweep_time_s=1) is None
