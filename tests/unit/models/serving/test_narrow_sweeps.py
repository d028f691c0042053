"""The purpose of a narrow sweep tells in which trace its resonance is looked for."""

import numpy as np
import pytest

from instruments.measurement import SweepPurpose
from models.diagnosis import ResonanceKind, ResonanceState
from models.serving.narrow_sweeps import fit_narrow

AXIS_HZ = np.linspace(4.999e9, 5.001e9, 201)
LINE = 1.0 / (1.0 + 2j * 25_000.0 * (AXIS_HZ / 5e9 - 1.0))
PEAK = (0.5 * LINE).astype(np.complex64)
DIP = (1.0 - 1.2 * LINE).astype(np.complex64)
FLAT = np.full(201, 0.3 + 0.1j, np.complex64)


@pytest.mark.parametrize(
    ("purpose", "traces", "kind"),
    [
        (SweepPurpose.TRANSMISSION, {"S11": FLAT, "S21": PEAK}, "transmission"),
        (SweepPurpose.REFLECTION, {"S21": FLAT, "S11": DIP}, "reflection"),
        (SweepPurpose.TRANSMISSION, {"other": PEAK}, "transmission"),
    ],
)
def test_the_trace_of_the_purpose_is_fitted(purpose, traces, kind):
    found = fit_narrow(purpose, AXIS_HZ, traces)
    assert found is not None
    assert found.state is ResonanceState.OK
    assert found.kind is ResonanceKind(kind)
    assert found.resonant_frequency_hz == pytest.approx(5e9, abs=1e3)


def test_a_wide_sweep_and_one_without_traces_have_none():
    assert fit_narrow(SweepPurpose.WIDE, AXIS_HZ, {"S21": PEAK}) is None
    assert fit_narrow(SweepPurpose.TRANSMISSION, AXIS_HZ, {}) is None
