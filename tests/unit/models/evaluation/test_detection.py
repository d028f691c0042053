from types import SimpleNamespace

import numpy as np

from models.evaluation.detection import score_detection
from models.evaluation.predictions import ClassPredictions


def predictions(truth, blamed):
    truth, blamed = np.array(truth), np.array(blamed, dtype=float)
    return ClassPredictions(
        rows=np.arange(truth.size),
        labels=("broken", "healthy"),
        truth=1 - truth,
        probabilities=np.stack([blamed, 1 - blamed], axis=1),
    )


def corpus(count, cycles=1, step_s=600.0):
    return SimpleNamespace(
        cavity=np.array(["one"] * count),
        thermal_cycle=np.repeat([f"c{n}" for n in range(cycles)], count // cycles),
        measured_at=step_s * np.arange(count),
    )


def test_delay_and_false_alarms():
    found = score_detection(
        predictions(
            [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0], [0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]
        ),
        corpus(12),
    )
    first = found["first"]
    assert (first["episodes"], first["detected"]) == (2, 1)
    assert first["median_delay_s"] == 600.0
    assert first["median_sweeps_to_alarm"] == 2.0
    assert first["false_alarms"] == 1
    # Four gaps between neighbouring healthy sweeps.
    assert first["healthy_days"] == 4 * 600 / 86_400
    assert first["false_alarms_per_day"] == 1 / first["healthy_days"]
    voted = found["2_of_3"]
    assert voted["false_alarms"] == 0
    assert voted["median_delay_s"] == 1200.0


def test_an_episode_ends_with_its_cycle_and_nothing_is_watched_between():
    found = score_detection(
        predictions([0, 1, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0]), corpus(6, cycles=2)
    )["first"]
    assert found["episodes"] == found["detected"] == 1
    assert found["healthy_days"] == 2 * 600 / 86_400


def test_no_time_gives_no_rate():
    found = score_detection(predictions([0, 0], [1, 0]), corpus(2, step_s=0.0))
    assert found["first"]["false_alarms"] == 1
    assert found["first"]["false_alarms_per_day"] is None


def test_without_a_healthy_class_there_is_no_alarm():
    said = predictions([0, 1], [0, 1])
    other = ClassPredictions(
        rows=said.rows,
        labels=("a", "b"),
        truth=said.truth,
        probabilities=said.probabilities,
    )
    assert score_detection(other, corpus(2)) == {}
