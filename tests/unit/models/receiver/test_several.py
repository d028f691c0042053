"""Two failures at once are named although every sweep that was measured had one."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models.coordinates import Coordinates
from models.receiver.failures import FailureSweeps, learn_failures, present_in
from models.receiver.joining import join_sweeps
from models.receiver.left_out import read_by_fold
from models.receiver.several import SetOfSweeps, features_of, learn_several
from models.receiver.storing import judge_arrays, judge_of, judge_record
from models.receiver.traces import coordinates_of

LABELS = ("healthy", "loose_connector", "tilt")
TILT_NEPER = 0.3


def tilted(lesson, form, rows):
    """Return the coordinates with a gain that slopes over the band in some sweeps."""
    values = lesson.coordinates.values.copy()
    slope = [i for i, name in enumerate(form.names) if name.endswith(" level_1")]
    values[np.ix_(rows, slope)] += TILT_NEPER
    return Coordinates(values=values, texture=lesson.coordinates.texture)


def with_tilt(lesson, form):
    """Return a lesson in which a third of the healthy sweeps have a failure more."""
    rows = np.flatnonzero(lesson.healthy)[::3]
    condition = lesson.condition.copy()
    condition[rows] = 2
    return replace(
        lesson,
        coordinates=tilted(lesson, form, rows),
        condition=condition,
        labels=LABELS,
        healthy=condition == 0,
    )


@pytest.fixture(scope="module")
def bare(judge):
    return replace(judge, labels=LABELS, sets={})


@pytest.fixture(scope="module")
def seen(bare, lesson):
    """All sweeps; one emulator stands for what the others teach."""
    whole = with_tilt(lesson, bare.form)
    every = (True,) * len(bare.form.traces)
    others = dict.fromkeys(np.unique(whole.fold).tolist(), bare.emulator)
    posterior = read_by_fold(
        whole.coordinates.values, whole.fold, coordinates_of(every, bare.form), others
    )
    rows = np.arange(whole.fold.size)
    return whole, SetOfSweeps(every, rows, posterior, (), {}, others)


@pytest.fixture(scope="module")
def head(bare, seen):
    whole, chosen = seen
    features = features_of(
        bare, chosen.traces, chosen.posterior, whole.coordinates.texture
    )
    return learn_several(bare, whole, chosen, features)


def told(bare, own, coordinates, traces):
    posterior = bare.reader(traces).read(coordinates.values)
    return own.probabilities(features_of(bare, traces, posterior, coordinates.texture))


def joined_of(bare, seen):
    whole, chosen = seen
    return join_sweeps(
        whole, chosen.rows, chosen.posterior, chosen.emulators, bare.texture_centre
    )


def test_new_cycles_with_both_are_named_both(bare, seen, head, new):
    ill = np.flatnonzero(~new.healthy)
    both = tilted(new, bare.form, ill)
    said = told(bare, head, both, seen[1].traces)[ill]
    assert (said > 0.5).all(axis=1).mean() > 0.8


def test_new_cycles_with_one_or_none_are_named_so(bare, seen, head, new):
    whole = with_tilt(new, bare.form)
    said = told(bare, head, whole.coordinates, seen[1].traces) > 0.5
    true = present_in(LABELS, 0)[whole.condition] > 0
    assert (said == true).all(axis=1).mean() > 0.9
    assert (said & ~true).any(axis=1).mean() < 0.05


def test_a_sweep_that_is_put_together_departs_by_both(bare, seen):
    whole, _ = seen
    joined = joined_of(bare, seen)
    place, field = whole.place[joined.two], whole.field_tesla[joined.two]
    known = np.isfinite(place) & np.isfinite(field)
    assert known.any()
    values = whole.coordinates.values
    added = (joined.values - values[joined.one])[known]
    healthy = bare.emulator.mean(place[known], field[known])
    np.testing.assert_allclose(added, values[joined.two][known] - healthy, atol=1e-9)
    assert (joined.texture >= whole.coordinates.texture[joined.one] - 1e-9).all()


def test_both_come_from_one_fold_and_are_two_failures(bare, seen):
    whole, _ = seen
    joined = joined_of(bare, seen)
    assert np.array_equal(whole.fold[joined.one], joined.fold)
    assert np.array_equal(whole.fold[joined.two], joined.fold)
    assert (whole.condition[joined.one] != whole.condition[joined.two]).all()
    assert (whole.condition[joined.one] > 0).all()
    assert (whole.condition[joined.two] > 0).all()


def test_the_same_sweeps_are_put_together_every_time(bare, seen):
    once, again = joined_of(bare, seen), joined_of(bare, seen)
    assert np.array_equal(once.values, again.values)
    assert np.array_equal(once.texture, again.texture)


def test_one_failure_alone_is_put_together_with_nothing(bare, lesson, seen):
    _, chosen = seen
    assert (
        join_sweeps(
            lesson, chosen.rows, chosen.posterior, chosen.emulators, bare.texture_centre
        )
        is None
    )


def test_labels_of_two_name_both():
    labels = ("a", "a+b", "b", "healthy")
    assert present_in(labels, 3).tolist() == [[1, 0], [1, 1], [0, 1], [0, 0]]


def test_sweeps_put_together_promise_nothing():
    rng = np.random.default_rng(5)
    present = np.repeat(np.eye(3)[:, :2], 40, axis=0)
    features = 3.0 * present + rng.normal(size=present.shape)
    fold = np.tile(np.arange(4), 30)
    both = 6.0 + rng.normal(size=(60, 2))
    own = learn_failures(
        FailureSweeps(
            features=np.concatenate([features, both]),
            present=np.concatenate([present, np.ones((60, 2))]),
            fold=np.concatenate([fold, np.tile(np.arange(4), 15)]),
            measured=np.arange(180) < 120,
        )
    )
    said = own.probabilities(features)
    for part in range(2):
        mine = present[:, part] > 0
        assert np.mean(said[mine, part] >= own.thresholds[part]) >= 0.85
        # Log odds of measured sweeps: as many are expected as there are.
        assert abs(said[:, part].mean() - mine.mean()) < 0.05


def test_a_failure_too_rare_to_promise_anything_is_not_learnt():
    present = np.zeros((20, 2))
    present[:10, 0] = 1.0
    present[:3, 1] = 1.0
    assert (
        learn_failures(
            FailureSweeps(
                features=np.zeros((20, 2)),
                present=present,
                fold=np.arange(20) % 4,
                measured=np.ones(20, dtype=bool),
            )
        )
        is None
    )


def test_a_stored_judge_tells_failures_alike(bare, judge, seen, head, new):
    traces = seen[1].traces
    own = replace(judge.sets[traces], condition=None, failures=head)
    whole = replace(bare, sets={traces: own})
    record = json.loads(json.dumps(judge_record(whole)))
    arrays = {name: np.array(each) for name, each in judge_arrays(whole).items()}
    here, there = (
        each.read(new.coordinates) for each in (whole, judge_of(record, arrays))
    )
    assert np.isfinite(here.present).all()
    assert np.array_equal(here.present, there.present)
    assert np.array_equal(here.present_least, there.present_least)
