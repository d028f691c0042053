from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.receiver.features import FeatureForm, condition_features, pressed
from models.receiver.traces import coordinates_of

NUMBERS = hnp.arrays(np.float64, 20, elements=st.floats(-1e12, 1e12))


@given(NUMBERS)
def test_pressing_keeps_sign_and_order(values):
    found = pressed(values)
    assert np.array_equal(pressed(-values), -found)
    assert np.all(np.diff(found[np.argsort(values, kind="stable")]) >= 0)
    assert np.all(np.abs(found) <= np.minimum(np.abs(values), 30))


def read(judge, new, traces=None):
    every = (True,) * len(judge.form.traces)
    posterior = judge.reader(traces or every).read(new.coordinates.values)
    return posterior, judge.even_texture(new.coordinates.texture)


def further(judge, posterior, texture):
    plain = posterior.residuals.shape[1] + texture.shape[1] + 2
    found = condition_features(posterior, texture, judge.features)
    assert found.shape[1] == plain + judge.features.further
    return found[:, plain:]


def test_ripple_of_another_phase_has_the_same_power_by_order(judge, new):
    posterior, texture = read(judge, new)
    form = judge.features
    even = FeatureForm(
        means=form.means,
        ripple=form.ripple,
        spread=np.ones_like(form.spread),
        trace_count=form.trace_count,
    )
    half = form.ripple.shape[1] // 2
    level, phase = form.ripple[:, :half], form.ripple[:, half:]
    turned = posterior.departures.copy()
    turned[:, level] = np.cos(0.7) * posterior.departures[:, level]
    turned[:, level] -= np.sin(0.7) * posterior.departures[:, phase]
    turned[:, phase] = np.sin(0.7) * posterior.departures[:, level]
    turned[:, phase] += np.cos(0.7) * posterior.departures[:, phase]
    assert not np.allclose(turned, posterior.departures)
    here, there = (
        condition_features(replace(posterior, departures=each), texture, even)
        for each in (posterior.departures, turned)
    )
    np.testing.assert_allclose(here, there, atol=1e-9)


def test_traces_that_depart_alike_are_told_from_those_that_do_not(judge, new):
    posterior, texture = read(judge, new)
    departures = np.zeros_like(posterior.departures)
    one, two = judge.features.ripple[:2]
    departures[:, one] = 0.3
    alone = further(judge, replace(posterior, departures=departures), texture)
    departures[:, two] = 0.3
    alike = further(judge, replace(posterior, departures=departures), texture)
    # Powers of orders rise with a second trace; how unlike the two are falls alone.
    fallen = (alike < alone - 5.0).all(axis=0)
    assert fallen.sum() == 1


def test_a_missing_trace_adds_nothing(judge, new):
    traces = (True,) + (False,) * (len(judge.form.traces) - 1)
    posterior, texture = read(judge, new, traces)
    texture[:, judge.form.trace_of_texture != 0] = 0.0
    assert not posterior.departures[:, ~coordinates_of(traces, judge.form)].any()
    found = further(judge, posterior, texture)
    groups = judge.features.means.shape[1]
    own = judge.features.means[judge.form.trace_of == 0].any(axis=0)
    assert not found[:, :groups][:, ~own].any()
    assert found[:, :groups][:, own].any()


def test_traces_that_cannot_be_followed_have_no_ripple(judge):
    rough = {
        name: replace(
            trace,
            logarithmic=False,
            gates=(),
            windows=(),
            snaps=trace.snaps[:0],
            snap_range=trace.snap_range[:0],
        )
        for name, trace in judge.form.traces.items()
    }
    form = FeatureForm.of(replace(judge.form, traces=rough), judge.emulator)
    assert form.ripple.size == form.spread.size == 0
    assert form.further == form.means.shape[1] + 2 * len(rough) + 3
