"""A small receiver from end to end: trained on some cycles, judged on new ones."""

from dataclasses import replace

import numpy as np
import pytest

from models.coordinates import Coordinates
from models.networks.density import LEVELS
from models.receiver.judge import EXPERTS, OTHERS
from models.receiver.traces import rows_by_set


def without(coordinates, form, trace):
    """Return coordinates as if a trace had not been measured."""
    values, texture = coordinates.values.copy(), coordinates.texture.copy()
    number = list(form.traces).index(trace)
    values[:, form.trace_of == number] = np.nan
    texture[:, form.trace_of_texture == number] = np.nan
    return replace(coordinates, values=values, texture=texture)


def cover(quantiles, truth):
    return np.mean((quantiles[:, 0] <= truth) & (truth <= quantiles[:, -1]))


@pytest.fixture(scope="module")
def reading(judge, new):
    return judge.read(new.coordinates)


def test_intervals_of_new_cycles_cover(reading, new):
    healthy = new.healthy
    temperature = reading.quantiles["temperature_k"][healthy]
    field = reading.quantiles["magnetic_field_tesla"][healthy]
    assert cover(temperature, new.place[healthy]) > 0.75
    assert cover(field, new.field_tesla[healthy]) > 0.7
    assert np.median(np.abs(temperature[:, 2] - new.place[healthy])) < 0.01
    assert np.median(np.abs(field[:, 2] - new.field_tesla[healthy])) < 5e-4
    assert np.all(np.diff(temperature, axis=1) >= 0)


def test_a_fault_leaves_intervals_that_cover_although_wider(reading, new):
    quantiles = reading.quantiles["temperature_k"]
    width = quantiles[:, -1] - quantiles[:, 0]
    ill = ~new.healthy
    assert cover(quantiles[ill], new.place[ill]) > 0.7
    assert np.median(width[ill]) > 3 * np.median(width[new.healthy])


def test_the_condition_is_found(reading, new):
    found = reading.probabilities.argmax(axis=1)
    assert np.mean(found == new.condition) > 0.95
    assert np.allclose(reading.probabilities.sum(axis=1), 1.0)
    ill = reading.chi_square[~new.healthy]
    assert np.median(ill) > 10 * np.median(reading.chi_square[new.healthy])


@pytest.mark.parametrize("trace", ["S21", "S23", "S11"])
def test_with_a_trace_missing_it_stays_honest(judge, form, new, trace):
    part = judge.read(without(new.coordinates, form, trace))
    healthy = new.healthy
    assert part.known.all()
    for name, truth in (
        ("temperature_k", new.place),
        ("magnetic_field_tesla", new.field_tesla),
    ):
        assert cover(part.quantiles[name][healthy], truth[healthy]) > 0.7
    assert np.mean(part.probabilities.argmax(axis=1) == new.condition) > 0.9


def test_nothing_is_read_of_nothing(judge, form, new):
    nothing = replace(
        new.coordinates, values=np.full_like(new.coordinates.values, np.nan)
    )
    read = judge.read(nothing)
    assert not read.known.any()
    assert np.isnan(read.quantiles["temperature_k"]).all()
    assert np.isnan(read.probabilities).all()
    assert rows_by_set(nothing, form) == {}


def test_sweeps_with_other_traces_beside_do_not_change_a_reading(judge, form, new):
    some = Coordinates(
        **{
            name: getattr(new.coordinates, name)[:6].copy()
            for name in ("values", "texture")
        }
    )
    whole = judge.read(some)
    some.values[3:, form.trace_of == 0] = np.nan
    some.texture[3:, form.trace_of_texture == 0] = np.nan
    mixed = judge.read(some)
    for name, quantiles in whole.quantiles.items():
        assert np.allclose(mixed.quantiles[name][:3], quantiles[:3], atol=1e-9)


def test_an_absurd_sweep_is_read_as_finite_numbers(judge, new):
    absurd = replace(new.coordinates, values=np.sign(new.coordinates.values) * 1e30)
    read = judge.read(absurd)
    assert np.isfinite(read.quantiles["temperature_k"]).all()
    assert np.isfinite(read.probabilities).all()


@pytest.mark.parametrize("who", OTHERS)
def test_another_is_heard_where_it_was_chosen(judge, new, who):
    traces = next(iter(judge.sets))
    reading = judge.sets[traces].scalars["temperature_k"]
    chosen = np.full_like(reading.expert, EXPERTS.index(who))
    theirs = replace(reading, expert=chosen)
    heard = replace(
        judge,
        sets={traces: replace(judge.sets[traces], scalars={"temperature_k": theirs})},
        _readers={},
    )
    opinion = np.tile(np.linspace(1.0, 1.4, len(LEVELS)), (new.place.size, 1))
    found = heard.read(new.coordinates, {who: {"temperature_k": opinion}})
    assert np.allclose(found.quantiles["temperature_k"][:, 2], 1.2)
    # Where it is not there, the emulator answers.
    alone = heard.read(new.coordinates).quantiles["temperature_k"]
    assert np.isfinite(alone).all()
    assert not np.allclose(alone[:, 2], 1.2)


def test_a_set_without_a_condition_head_names_none(judge, new):
    mute = {
        traces: replace(each, condition=None) for traces, each in judge.sets.items()
    }
    read = replace(judge, sets=mute, _readers={}).read(new.coordinates)
    assert np.isnan(read.probabilities).all()
    assert np.isfinite(read.quantiles["temperature_k"]).all()
