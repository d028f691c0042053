from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from models.diagnosis import Classification, EstimateState
from models.serving.naming import (
    TOP_COUNT,
    top_of,
    with_presence,
    word_best,
    word_part,
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


def test_the_best_classes_come_first_and_ties_in_their_order():
    shares = np.array([0.1, 0.4, 0.1, 0.4])
    assert top_of(shares, "abcd") == (("b", 0.4), ("d", 0.4), ("a", 0.1))
    best = word_best(shares, "abcd")
    assert best.label == "b"
    assert best.probability == 0.4
    assert best.conformal_set == ()


def test_what_a_sweep_is_said_to_be_is_there_as_surely():
    labels = ("a", "a+b", "b", "c", "healthy")
    said = Classification(
        state=EstimateState.ESTIMATED, label="a+b", probability=0.8, top=()
    )
    found = with_presence(said, np.array([0.3, 0.9, 0.1]), np.full(3, 0.5), labels)
    assert found.present == {"a": 0.8, "b": 0.9, "c": 0.1}
    # Sets keep what was calibrated.
    assert found.present_set == ("b",)
    for label in ("healthy", "unknown"):
        other = with_presence(
            replace(said, label=label), np.array([0.3, 0.9, 0.1]), np.ones(3), labels
        )
        assert other.present == {"a": 0.3, "b": 0.9, "c": 0.1}
