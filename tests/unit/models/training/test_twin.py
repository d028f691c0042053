"""The twin's sweeps, learnt, and when sweeps are compared with them."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models.coordinates import Coordinates
from models.errors import ModelFolderError
from models.receiver.twin_departure import twin_arrays, twin_of, twin_record
from models.training.corpus import build_corpus
from models.training.pretraining import prepare_pretraining
from models.training.pretraining_report import pretraining_lines, pretraining_record
from models.training.targets import plan_targets
from models.training.twin import learn_twin


def of_one_trace(archive):
    return replace(archive, s=archive.s[:, 1:2], s_parameters=archive.s_parameters[1:2])


@pytest.fixture(scope="module")
def lab(archive_maker):
    return build_corpus([of_one_trace(archive_maker(cycles=4, sweeps=25))])


@pytest.fixture(scope="module")
def plan(lab):
    return plan_targets(lab, ("condition", "temperature_k"))


@pytest.fixture(scope="module")
def own(archive_maker, lab, plan):
    """Many cycles of the same receiver, none of them the laboratory's."""
    made = of_one_trace(archive_maker(start_cycle=50, cycles=6, sweeps=25))
    return prepare_pretraining([made], lab, plan)


def called(corpus, plan, condition=None):
    """Probabilities of who names the conditions right, or all alike."""
    labels = plan.classes["condition"]
    said = corpus.classes["condition"] if condition is None else condition
    return {"condition": (np.array(labels) == np.asarray(said)[..., None]) * 1.0}


@pytest.fixture(scope="module")
def learnt(lab, plan, own):
    return learn_twin(own.corpus, lab, plan, called(lab, plan))


def test_healthy_sweeps_are_near_and_others_far(learnt, archive_maker, lab):
    assert learnt.departure is not None
    assert learnt.median_chi_square_ratio < 3.0
    fresh = build_corpus(
        [of_one_trace(archive_maker(start_cycle=90, cycles=3, sweeps=30))], like=lab
    )
    reading = learnt.departure.read(fresh.coordinates)
    compared = fresh.compared.all(axis=1) & ~fresh.is_reference
    healthy = compared & (fresh.classes["condition"] == "healthy")
    ill = compared & (fresh.classes["condition"] == "loose_connector")
    p_values = learnt.departure.p_values(reading.chi_square)
    assert np.median(reading.chi_square[ill]) > 20 * learnt.median_chi_square_ratio
    assert (p_values[ill] < 0.005).mean() > 0.9
    # Healthy sweeps of new cycles are no stranger than those of the laboratory.
    assert (p_values[healthy] < 0.05).mean() < 0.2
    assert 0.2 < np.median(p_values[healthy]) < 0.8
    assert reading.shares[compared].sum(axis=(1, 2)) == pytest.approx(1.0)


def test_a_missing_trace_is_not_compared(learnt, lab):
    values = lab.coordinates.values[1:4].copy()
    values[1] = np.nan
    gap = Coordinates(values=values, texture=lab.coordinates.texture[1:4])
    reading = learnt.departure.read(gap)
    assert np.isnan(reading.chi_square).tolist() == [False, True, False]
    assert not reading.shares[1].any()
    assert np.isnan(learnt.departure.p_values(reading.chi_square)[1])


def test_a_twin_that_does_not_explain_the_laboratory_is_left_out(lab, plan, own):
    values = own.corpus.coordinates.values
    spread = np.nanstd(values, axis=0)
    moved = Coordinates(
        values=values + 8.0 * spread, texture=own.corpus.coordinates.texture
    )
    other = replace(own.corpus, coordinates=moved)
    found = learn_twin(other, lab, plan, called(lab, plan))
    assert found.departure is None
    assert found.median_chi_square_ratio > 3.0
    assert "does not explain healthy sweeps" in found.reason


def test_what_is_lacking_is_said(lab, plan, own):
    shares = called(lab, plan)
    few = own.corpus.taken(np.flatnonzero(np.arange(own.corpus.sweep_count) < 100))
    assert "5 thermal cycles" in learn_twin(few, lab, plan, shares).reason
    all_ill = called(lab, plan, np.full(lab.sweep_count, "loose_connector"))
    found = learn_twin(own.corpus, lab, plan, all_ill)
    assert found.departure is None
    assert "there are 0" in found.reason
    narrow = replace(lab, coordinate_inputs=None, coordinates=None)
    assert "have no twin" in learn_twin(own.corpus, narrow, plan, shares).reason


def test_it_is_told_in_a_line(learnt, own):
    record = pretraining_record(own, {}, learnt)
    json.dumps(record, allow_nan=False)
    (line,) = pretraining_lines(record)
    assert line.startswith("twin: chi-square")
    refused = replace(learnt, departure=None, reason="it does not explain it")
    (line,) = pretraining_lines(pretraining_record(own, {}, refused))
    assert line.endswith("it does not explain it")


def test_a_stored_comparison_compares_alike_and_nothing_hostile_gets_in(learnt, lab):
    form = lab.coordinate_inputs.form
    record = json.loads(json.dumps(twin_record(learnt.departure)))
    arrays = twin_arrays(learnt.departure)
    again = twin_of(record, dict(arrays), form)
    here, there = (each.read(lab.coordinates) for each in (learnt.departure, again))
    assert np.array_equal(here.chi_square, there.chi_square, equal_nan=True)
    assert np.array_equal(here.shares, there.shares)
    assert twin_of(None, {}, form) is None
    hostile = [
        (None, arrays, form),
        (record, arrays, None),
        ({}, arrays, form),
        (record | {"sweep_count": 0}, arrays, form),
        (record | {"tempering": 0}, arrays, form),
        (record | {"freedom": float("nan")}, arrays, form),
        (record, arrays | {"extra": np.zeros(1)}, form),
        (record, arrays | {"quantiles": -arrays["quantiles"]}, form),
        (record, arrays | {"tail": np.zeros(2)}, form),
        *(
            (record, {key: each for key, each in arrays.items() if key != name}, form)
            for name in arrays
        ),
    ]
    for given in hostile:
        with pytest.raises(ModelFolderError, match=r"^twin: ") as caught:
            twin_of(*given)
        assert "\n" not in str(caught.value)
