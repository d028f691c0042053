from types import SimpleNamespace

import numpy as np

from models.diagnosis import EstimateState
from models.serving.naming import TOP_COUNT, top_of, word_best, word_part


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


def test_the_best_classes_come_first_and_ties_in_their_order():
    shares = np.array([0.1, 0.4, 0.1, 0.4])
    assert top_of(shares, "abcd") == (("b", 0.4), ("d", 0.4), ("a", 0.1))
    best = word_best(shares, "abcd")
    assert best.label == "b"
    assert best.probability == 0.4
    assert best.conformal_set == ()
