from dataclasses import replace

import numpy as np
import pytest

from models.emulation import PosteriorReader
from models.receiver.evidence import Evidence
from models.receiver.judge import EXPERTS
from models.receiver.scalars import TaughtScalar, learn_scalar

WIDTH = np.array([-0.4, -0.2, 0.0, 0.2, 0.4])


@pytest.fixture(scope="module")
def evidence(judge, lesson):
    values = lesson.coordinates.values
    everything = np.ones(values.shape[1], dtype=np.bool_)
    posterior = PosteriorReader(judge.emulator, everything).read(values)
    faulty = np.zeros(values.shape[0], dtype=np.bool_)
    usual = judge.sets[True, True, True].usual
    return Evidence.of(posterior, values, faulty, usual)


def learnt_beside(opinion, place, evidence, lesson, form):
    """Learn to read places beside an opinion; return who reads, and the quantiles."""
    taught = TaughtScalar(
        place, lesson.healthy, lesson.fold, lesson.cycle, form.scatter, form.loose
    )
    present = np.ones(form.trace_of.size, dtype=np.bool_)
    others = {"opinion": opinion[:, None] + WIDTH}
    reading, quantiles = learn_scalar(
        "temperature_k", taught, evidence, present, others
    )
    return {EXPERTS[number] for number in reading.expert}, quantiles


def test_an_opinion_that_is_surely_better_reads(evidence, lesson, form):
    # To whoever looks at the coordinates these places are noise.
    place = np.random.default_rng(8).permutation(lesson.place)
    experts, quantiles = learnt_beside(place, place, evidence, lesson, form)
    assert experts == {"opinion"}
    assert quantiles[:, 2] == pytest.approx(place)


def test_an_opinion_that_is_no_better_has_no_say(evidence, lesson, form):
    place = lesson.place
    noise = 0.6 * np.random.default_rng(9).normal(size=place.size)
    experts, _ = learnt_beside(place + noise, place, evidence, lesson, form)
    assert "opinion" not in experts


def test_an_opinion_that_gains_in_one_cycle_alone_has_no_say(evidence, lesson, form):
    place = np.random.default_rng(8).permutation(lesson.place)
    known = np.unique(lesson.cycle)[0] == lesson.cycle
    opinion = np.where(known, place, np.median(place) + 5.0)
    experts, _ = learnt_beside(opinion, place, evidence, lesson, form)
    assert "opinion" not in experts


def test_a_field_read_without_a_trace_is_surer_of_a_whole_cycle(evidence, lesson, form):
    values, count = evidence.values, form.trace_of.size
    # One coordinate more, that nobody has: what is read is the same.
    wider = replace(evidence, values=np.column_stack([values, values[:, :1]]))
    readings = []
    for seen, missing in ((evidence, 0), (wider, 1)):
        taught = TaughtScalar(
            lesson.field_tesla,
            lesson.healthy,
            lesson.fold,
            lesson.cycle,
            np.pad(form.scatter, (0, missing)),
            np.pad(form.loose, (0, missing)),
        )
        present = np.arange(count + missing) < count
        name = "magnetic_field_tesla"
        readings.append(learn_scalar(name, taught, seen, present, {})[0])
    whole, partial = (reading.offsets for reading in readings)
    assert partial[:, 1:-1] == pytest.approx(whole[:, 1:-1])
    assert np.all(partial[:, -1] >= whole[:, -1])
    assert np.any(partial[:, -1] > 1.05 * whole[:, -1])
