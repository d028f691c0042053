import numpy as np
import pytest

from models.calibration.presence import calibrate_presence, parts_of


def test_parts_of_joint_labels():
    labels = ("amplifier", "healthy", "loose+amplifier", "loose")
    assert parts_of(labels, "healthy") == ("amplifier", "loose")


@pytest.fixture(scope="module")
def learnt():
    """Evidence of two faults that may be at once, with a softmax over their sets."""
    rng = np.random.default_rng(5)
    present = (rng.random((4000, 2)) < 0.3).astype(float)
    logs = np.stack(
        [
            np.zeros(4000),
            4 * present[:, 0] - 2 + rng.normal(size=4000),
            4 * present[:, 1] - 2 + rng.normal(size=4000),
        ],
        axis=1,
    )
    shares = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    half = slice(0, 2000)
    return (
        calibrate_presence(shares[half], present[half]),
        shares[2000:],
        present[2000:],
    )


def test_two_faults_at_once_are_both_present(learnt):
    presence, shares, present = learnt
    both = present.all(axis=1)
    said = presence.probabilities(shares)
    assert said[both].sum(axis=1).mean() > 1.4
    assert said[~present.any(axis=1)].sum(axis=1).mean() < 0.3


def test_probabilities_are_calibrated_and_sets_keep_their_promise(learnt):
    presence, shares, present = learnt
    said = presence.probabilities(shares)
    for column in range(2):
        for low in (0.0, 0.2, 0.8):
            chosen = (said[:, column] >= low) & (said[:, column] < low + 0.2)
            assert present[chosen, column].mean() == pytest.approx(
                said[chosen, column].mean(), abs=0.07
            )
        there = present[:, column] > 0
        held = said[there, column] >= presence.thresholds[column]
        assert held.mean() == pytest.approx(0.9, abs=0.04)


def test_too_rare_a_condition_teaches_nothing():
    shares = np.full((30, 2), 0.5)
    present = np.zeros((30, 1))
    present[:3] = 1.0
    assert calibrate_presence(shares, present) is None
