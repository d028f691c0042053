from dataclasses import replace

import numpy as np
import pytest

from models.calibration import IntervalCalibration
from models.errors import ModelFolderError
from models.networks.density import LEVELS, Coordinate, DensityGrid
from models.opinion import OpinionReading
from models.opinion.disagreement import disagreement_of
from models.opinion.learning import OpinionLesson, learn_opinion
from models.opinion.opinion import heard_features
from models.opinion.storing import opinion_arrays, opinion_of, opinion_record


def make_lesson(rng, cycles=8, sweeps=20):
    """Ripples whose height tells a scalar, and whose sign a class."""
    count = cycles * sweeps
    x = np.linspace(0, 1, 40)
    truth = rng.uniform(-1, 1, count)
    ill = rng.random(count) < 0.4
    shape = np.sin(8 * np.pi * x) + np.where(ill, 2.0, 0.0)[:, None, None] * x
    ratio = truth[:, None, None] * np.ones((1, 2, 1)) + shape
    ratio = np.tile(ratio, (1, 1, 2)) + 0.02 * rng.normal(size=(count, 2, 80))
    cycle = np.repeat([f"cycle-{number}" for number in range(cycles)], sweeps)
    return OpinionLesson(
        ratio=ratio.astype(np.float32),
        coordinates=truth[:, None, None].repeat(2, 1).astype(np.float32),
        compared=np.ones((count, 2), dtype=np.bool_),
        scalars={"temperature_k": truth},
        learnt=np.ones(count, dtype=np.bool_),
        classes={"condition": ill.astype(np.intp)},
        class_counts={"condition": 2},
        healthy=0,
        cycle=cycle,
        fold=np.repeat(np.arange(cycles) % 4, sweeps),
    )


@pytest.fixture(scope="module")
def lesson():
    return make_lesson(np.random.default_rng(4))


@pytest.fixture(scope="module")
def learnt(lesson):
    return learn_opinion(lesson, seed=1)


def test_left_out_cycles_are_read_and_intervals_hold(lesson, learnt):
    _, left = learnt
    truth = lesson.scalars["temperature_k"]
    quantiles = left.quantiles["temperature_k"]
    assert np.sqrt(np.mean((quantiles[:, 2] - truth) ** 2)) < 0.2
    inside = (quantiles[:, 0] <= truth) & (truth <= quantiles[:, -1])
    assert 0.88 <= inside.mean() <= 1.0
    assert (np.diff(quantiles, axis=1) >= 0).all()
    named = left.probabilities["condition"].argmax(axis=1)
    assert np.mean(named == lesson.classes["condition"]) > 0.95


def test_coordinates_that_say_nothing_do_not_drown_the_transform(lesson):
    rng = np.random.default_rng(6)
    empty = 5.0 * rng.normal(size=(*lesson.compared.shape, 12))
    loud = replace(lesson, coordinates=empty.astype(np.float32))
    opinion, left = learn_opinion(loud, seed=1)
    assert np.unique(opinion.scalars["temperature_k"].ridge.scale).size > 1
    error = left.quantiles["temperature_k"][:, 2] - lesson.scalars["temperature_k"]
    assert np.sqrt(np.mean(error**2)) < 0.2


def test_coordinates_that_hold_the_answer_lead(learnt):
    opinion, _ = learnt
    assert (opinion.scalars["temperature_k"].ridge.scale == 1.0).all()


def test_a_missing_trace_has_no_say(lesson, learnt):
    opinion, _ = learnt
    compared = lesson.compared.copy()
    compared[:, 1] = False
    spoiled = lesson.ratio.copy()
    spoiled[:, 1] = 1e3
    first, second = (
        opinion.read(ratio, lesson.coordinates, compared)
        for ratio in (lesson.ratio, spoiled)
    )
    assert np.allclose(
        first.quantiles["temperature_k"], second.quantiles["temperature_k"]
    )
    error = first.quantiles["temperature_k"][:, 2] - lesson.scalars["temperature_k"]
    assert np.sqrt(np.mean(error**2)) < 0.3


def test_gaps_are_zero():
    features = heard_features(
        np.full((1, 2, 3), 0.9, np.float32),
        np.full((1, 2, 1), 40.0, np.float32),
        np.array([[True, False]]),
    )
    assert features[0, :5] == pytest.approx([0.4, 0.4, 0.4, 10.0, 1.0])
    assert (features[0, 5:] == 0).all()


def test_stored_and_read_opinions_agree(lesson, learnt):
    opinion, _ = learnt
    outputs = {"temperature_k": 1, "condition": 2}
    again = opinion_of(opinion_record(opinion), opinion_arrays(opinion), outputs)
    first, second = (
        each.read(lesson.ratio, lesson.coordinates, lesson.compared)
        for each in (opinion, again)
    )
    assert np.array_equal(
        first.quantiles["temperature_k"], second.quantiles["temperature_k"]
    )
    assert np.array_equal(
        first.probabilities["condition"], second.probabilities["condition"]
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda arrays: arrays.pop("scale"), "malformed"),
        (lambda arrays: arrays.update(extra=np.zeros(1)), "'extra' is not known"),
        (
            lambda arrays: arrays.update({"temperature_k.edges": np.zeros(3)}),
            "do not fit",
        ),
        (
            lambda arrays: arrays["condition.ridge.weights"].fill(np.nan),
            "do not fit",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(learnt, change, sentence):
    opinion, _ = learnt
    arrays = {name: each.copy() for name, each in opinion_arrays(opinion).items()}
    change(arrays)
    with pytest.raises(ModelFolderError, match=sentence):
        opinion_of(
            opinion_record(opinion), arrays, {"temperature_k": 1, "condition": 2}
        )


def test_few_sweeps_teach_no_opinion():
    lesson = make_lesson(np.random.default_rng(1), cycles=3, sweeps=4)
    assert learn_opinion(lesson, seed=1) is None


def test_disagreement_grows_with_the_distance():
    grid = DensityGrid(coordinate=Coordinate.LOG10, low=0.0, high=2.0)
    centres = 0.5 * (grid.edges[1:] + grid.edges[:-1])
    logits = -0.5 * ((centres - 1.0) / 0.1) ** 2
    intervals = {
        "temperature_k": IntervalCalibration(
            softmax_temperature=1.0,
            band_edges=np.zeros(2),
            offsets=np.zeros((4, len(LEVELS))),
        )
    }
    said = np.array([[0.8, 0.9, 1.0, 1.1, 1.2]]) + np.array([[0.0], [0.3], [0.6]])
    shares = np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]])
    apart = disagreement_of(
        {
            "temperature_k": np.tile(logits, (1, 3, 1)),
            "condition": np.tile(np.log([0.9, 0.1]), (1, 3, 1)),
        },
        OpinionReading(
            quantiles={"temperature_k": said}, probabilities={"condition": shares}
        ),
        {"temperature_k": grid},
        intervals,
    )
    assert apart.shape == (1, 3)
    assert apart[0, 0] == pytest.approx(0.0, abs=0.02)
    assert (np.diff(apart[0]) > 0.5).all()
