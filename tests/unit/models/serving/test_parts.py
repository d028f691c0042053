from types import SimpleNamespace

import numpy as np

from models.preprocessing.view import SweepView
from models.serving.parts import name_parts, wide_sweep_of

AXIS_HZ = np.linspace(4e9, 8e9, 5)
VIEW = SweepView(
    frequency_hz=AXIS_HZ,
    traces={"S11": np.ones(5), "S21": 2 * np.ones(5)},
    reference_hz=AXIS_HZ,
    reference={"S11": np.zeros(5)},
)


def test_a_fingerprint_sees_sweep_and_reference():
    seen = []
    listener = SimpleNamespace(judge=lambda own, known: seen.append((own, known)))
    name_parts(listener, [VIEW, SweepView(frequency_hz=AXIS_HZ, traces=VIEW.traces)])
    assert seen[0][0].traces is VIEW.traces
    assert seen[0][1].traces is VIEW.reference
    assert seen[1][1] is None
    assert wide_sweep_of(VIEW).frequency_hz is AXIS_HZ
