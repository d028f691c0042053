import numpy as np

from instruments.simulation.failures import respond
from instruments.simulation.life import Life, record
from instruments.simulation.physics.chain import SweepSettings

DAY_S = 86_400.0


AXIS_HZ = np.linspace(4e9, 8e9, 201)
TRACES = ("S21", "S23", "S11")
QUIET = SweepSettings(if_bandwidth_hz=1.0, averaging_count=100)


def look(sample, seed=1, **settings):
    return record(sample, AXIS_HZ, QUIET, seed=seed, s_parameters=TRACES, **settings)


def test_sweeps_are_those_of_their_situations(plan_with, event):
    loose = event("loose_connector", ramp_s=0.5 * DAY_S)
    talk = event("neighbour_cross_talk", neighbour="cavity-3", to_s=3 * DAY_S)
    life = Life(plan_with(events=(loose, talk)))
    sample = life.sample("cavity-1", np.linspace(0.5, 2.9, 9) * DAY_S)
    found = look(sample)
    for row in range(sample.sweep_count):
        traces = respond(sample.situation(row), AXIS_HZ, TRACES)
        for index, name in enumerate(TRACES):
            true = traces[name].reshape(-1)
            if sample.situation(row).distortions and name == "S23":
                continue
            apart = np.abs(found[row, index] - true).max()
            assert apart < 2e-3 * np.abs(true).max(), (row, name)


def test_noise_depends_on_the_seed_and_not_on_threads(plan_with):
    sample = Life(plan_with()).sample("cavity-1", np.linspace(0.0, DAY_S, 60))
    first = look(sample)
    np.testing.assert_array_equal(first, look(sample, thread_count=1))
    assert not np.array_equal(first, look(sample, seed=2))


def test_glitches_spoil_the_sweeps_that_they_hit_and_no_others(plan_with, event):
    life = Life(plan_with(events=(event("vna_glitch", hit_ratio=0.5),)))
    sample = life.sample("cavity-1", np.linspace(1.0, 1.99, 30) * DAY_S)
    spoiled = (np.abs(look(sample)) > 1e10).any(axis=(1, 2))
    assert spoiled.tolist() == (sample.condition == "vna_glitch").tolist()
    assert 0 < spoiled.sum() < 30


def test_shaken_modes_are_not_where_they_rest(plan_with, event):
    shaken = Life(plan_with(events=(event("microphonics", severity=1.0),)))
    sample = shaken.sample("cavity-1", np.asarray([0.5, 1.5]) * DAY_S)
    modes = sample.hardware[0].cavity.modes
    centre_hz = modes[0].resonant_frequency_hz
    axis_hz = np.linspace(centre_hz - 2e7, centre_hz + 2e7, 1001)
    found = record(sample, axis_hz, SweepSettings(), seed=1, s_parameters=("S21",))
    apart = [
        np.abs(found[row, 0] - respond(sample.situation(row), axis_hz)["S21"]).max()
        for row in range(2)
    ]
    assert apart[1] > 5.0 * apart[0]
