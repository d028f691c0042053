from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.receiver.features import orders_of
from models.receiver.learning import learn_receiver, trace_sets

FIELD = ("magnetic_field_tesla",)


@given(st.integers(1, 32))
def test_sets_of_traces_are_few_and_begin_with_all(count):
    found = list(trace_sets(count))
    assert found[0] == (True,) * count
    assert len(set(found)) == len(found) <= max(15, count + 1)
    assert all(any(each) for each in found)


def test_orders_are_read_from_the_names(form):
    by_name = dict(zip(form.names, orders_of(form), strict=True))
    assert by_name["S23 level"] == by_name["S23 delay"] == by_name["S23 phase_rad"] == 0
    assert by_name["S23 level_7"] == by_name["S23 phase_7"] == 7
    assert all(order == 0 for name, order in by_name.items() if "mode" in name)


def test_every_set_of_traces_is_learnt(judge):
    assert set(judge.sets) == set(trace_sets(3))
    for each in judge.sets.values():
        assert each.condition is not None
        assert set(each.scalars) == {"temperature_k", "magnetic_field_tesla"}


def test_left_out_readings_cover_as_promised(learnt, lesson):
    _, left_out = learnt
    healthy = lesson.healthy[left_out.rows]
    for name, truth in (
        ("temperature_k", lesson.place),
        ("magnetic_field_tesla", lesson.field_tesla),
    ):
        low, high = left_out.quantiles[name][:, 0], left_out.quantiles[name][:, -1]
        there = truth[left_out.rows]
        assert np.mean(((low <= there) & (there <= high))[healthy]) > 0.85
    found = left_out.logits.argmax(axis=1)
    assert np.mean(found == lesson.condition[left_out.rows]) > 0.95


def test_too_few_healthy_sweeps_teach_nothing(form, lesson):
    few = lesson.healthy & (np.cumsum(lesson.healthy) < 30)
    assert learn_receiver(form, replace(lesson, healthy=few), FIELD) is None


def test_traces_that_only_faulty_sweeps_have_are_no_set(form, lesson):
    values = lesson.coordinates.values.copy()
    values[np.ix_(lesson.healthy, form.trace_of == 0)] = np.nan
    gappy = replace(lesson, coordinates=replace(lesson.coordinates, values=values))
    # The full set of traces was never healthy: there is nothing to depart from.
    assert learn_receiver(form, gappy, FIELD) is None


@pytest.mark.parametrize("targets", [("temperature_k",), FIELD])
def test_one_scalar_alone_is_learnt(form, lesson, targets):
    some = np.isin(lesson.cycle, np.unique(lesson.cycle)[:4])
    blind = replace(
        lesson,
        usable=some,
        labels=(),
        healthy_label=-1,
        condition=np.full(some.size, -1),
        place=lesson.place if "temperature_k" in targets else lesson.place * np.nan,
    )
    judge, left_out = learn_receiver(form, blind, targets)
    assert set(left_out.quantiles) == set(targets)
    assert left_out.logits.shape[1] == 0
    assert judge.read(lesson.coordinates).known.all()
