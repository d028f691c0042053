from types import SimpleNamespace

import numpy as np

from models.diagnosis import EstimateState
from models.preprocessing.view import SweepView
from models.serving.parts import TOP_COUNT, name_parts, wide_sweep_of, word_part

AXIS_HZ = np.linspace(4e9, 8e9, 5)
VIEW = SweepView(
    frequency_hz=AXIS_HZ,
    traces={"S11": np.ones(5), "S21": 2 * np.ones(5)},
    reference_hz=AXIS_HZ,
    reference={"S11": np.zeros(5)},
)


def test_a_part_is_worded_with_its_best_labels():
    judged = SimpleNamespace(
        component="c",
        probabilities=np.array([0.1, 0.15, 0.7, 0.05]),
        conformal_set=("c", "b"),
    )
    worded = word_part(judged, ("a", "b", "c", "d"))
    assert worded.state is EstimateState.ESTIMATED
    assert worded.label == "c"
    assert worded.probability == 0.7
    assert worded.conformal_set == ("c", "b")
    assert [label for label, _ in worded.top] == ["c", "b", "a"]
    assert len(worded.top) == TOP_COUNT


def test_a_fingerprint_sees_sweep_and_reference():
    seen = []
    listener = SimpleNamespace(judge=lambda own, known: seen.append((own, known)))
    name_parts(listener, [VIEW, SweepView(frequency_hz=AXIS_HZ, traces=VIEW.traces)])
    assert seen[0][0].traces is VIEW.traces
    assert seen[0][1].traces is VIEW.reference
    assert seen[1][1] is None
    assert wide_sweep_of(VIEW).frequency_hz is AXIS_HZ
