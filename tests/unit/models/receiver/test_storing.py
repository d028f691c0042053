"""A stored judge judges alike, and nothing hostile gets in."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from models.errors import ModelFolderError
from models.receiver.storing import judge_arrays, judge_of, judge_record


@pytest.fixture
def stored(judge):
    record = json.loads(json.dumps(judge_record(judge)))
    arrays = {name: np.array(value) for name, value in judge_arrays(judge).items()}
    return copy.deepcopy(record), arrays


def test_a_stored_judge_judges_alike(judge, stored, new):
    again = judge_of(*stored)
    here, there = (each.read(new.coordinates) for each in (judge, again))
    for name, quantiles in here.quantiles.items():
        assert np.array_equal(quantiles, there.quantiles[name])
    assert np.array_equal(here.probabilities, there.probabilities)
    assert np.array_equal(here.chi_square, there.chi_square)
    assert np.array_equal(here.p_value, there.p_value)
    assert np.isfinite(here.p_value).all()
    assert judge_record(again) == judge_record(judge)


def refused(record, arrays):
    with pytest.raises(ModelFolderError) as caught:
        judge_of(record, arrays)
    message = str(caught.value)
    assert message.startswith("receiver: ")
    assert "\n" not in message
    assert len(message) < 200
    return message


def test_a_missing_array_is_named(stored):
    record, arrays = stored
    for name in arrays:
        others = {key: value for key, value in arrays.items() if key != name}
        assert repr(name) in refused(record, others)


def test_an_array_that_nobody_knows_is_refused(stored):
    record, arrays = stored
    assert "'extra'" in refused(record, arrays | {"extra": np.zeros(3)})


def test_arrays_of_another_shape_are_refused(stored):
    record, arrays = stored
    free = {"emulator.fine", "emulator.coarse", "emulator.band_places"}
    for name, value in arrays.items():
        refused(record, arrays | {name: value[None]})
        if name not in free and value.size:
            refused(record, arrays | {name: np.concatenate([value, value])})


def test_numbers_that_are_not_finite_are_refused(stored):
    record, arrays = stored
    # A ridge marks what it does not read by gaps.
    for name, value in arrays.items():
        if ".ridge." in name or value.size == 0:
            continue
        broken = value.astype(np.float64)
        broken.flat[0] = np.nan
        refused(record, arrays | {name: broken})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("bin_count", 10**12),
        ("bin_count", 0),
        ("bin_count", None),
        ("bin_count", float("inf")),
        ("band_hz", [4e9]),
        ("band_hz", [float("nan"), 8e9]),
        ("traces", []),
        ("traces", [{}] * 1000),
        ("traces", 3),
        ("sets", []),
        ("sets", [{"traces": [True]}]),
        ("sets", [{}] * 65),
        ("labels", ["a"] * 100_000),
        ("labels", []),
        ("healthy", 7),
        ("healthy", "x"),
        ("freedom", 0.0),
        ("freedom", float("nan")),
        ("tempering", -1.0),
        ("frozen_below", float("nan")),
        ("frozen_below", "x"),
        ("field_scale", -0.01),
        ("place_range", [0.0]),
        ("place_range", [0.0, float("inf")]),
        ("field_range_tesla", None),
    ],
)
def test_an_absurd_record_is_refused(stored, key, value):
    record, arrays = stored
    refused(record | {key: value}, arrays)
    refused({name: part for name, part in record.items() if name != key}, arrays)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gates", [-1]),
        ("gates", [10**9]),
        ("gates", list(range(100))),
        ("windows", [[5, 3]]),
        ("windows", [[0, 10**9]]),
        ("windows", [[1, 2, 3]]),
        ("delay_s", float("nan")),
    ],
)
def test_an_absurd_trace_is_refused(stored, key, value):
    record, arrays = stored
    record["traces"][0][key] = value
    refused(record, arrays)


def test_places_that_fall_and_no_covariance_are_refused(stored):
    record, arrays = stored
    for name in ("emulator.fine", "emulator.coarse", "emulator.band_places"):
        refused(record, arrays | {name: arrays[name][::-1]})
    broken = arrays["emulator.covariances"].copy()
    broken[0] *= -1
    assert "covariance" in refused(record, arrays | {"emulator.covariances": broken})


def test_an_expert_that_nobody_is_is_refused(stored):
    record, arrays = stored
    name = "set.0.temperature_k.expert"
    assert "names nobody" in refused(record, arrays | {name: arrays[name] + 7})


def test_spans_are_kept_and_held_against_their_count(judge):
    spans = np.array([[-1.7, -0.9], [-1.0, -0.5]])
    wider = {
        traces: replace(
            each,
            scalars={
                name: replace(reading, stretch=replace(reading.stretch, spans=spans))
                for name, reading in each.scalars.items()
            },
        )
        for traces, each in judge.sets.items()
    }
    changed = replace(judge, sets=wider)
    record, arrays = judge_record(changed), judge_arrays(changed)
    again = judge_of(record, arrays)
    for each in again.sets.values():
        for reading in each.scalars.values():
            assert np.array_equal(reading.stretch.spans, spans)
    name = next(each for each in arrays if each.endswith(".spans"))
    assert repr(name) in refused(record, arrays | {name: spans[:, ::-1]})
    assert repr(name) in refused(record, arrays | {name: spans[:1]})
    many = copy.deepcopy(record)
    for each in many["sets"]:
        each["spans"] = dict.fromkeys(each["spans"], 10**6)
    assert "spans" in refused(many, arrays)
