"""A fit weighs its sweeps rightly, and says in one sentence what it cannot use."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import (
    ReceiverHardware,
    chain_response,
    draw_unit,
    list_constants,
    usual_receiver,
    with_constants,
)
from models.twin.calibration_set import CalibrationSweep, Reals, Samples, read_sweeps
from models.twin.fit import fit_twin
from models.twin.fit_descent import mode_windows_hz, read_masked
from models.twin.fit_judgement import judge_fit
from models.twin.fit_model import FitModel
from models.twin.fit_solver import Stage, cost_at, solve
from models.twin.fit_space import FROZEN, FitSpace, make_space
from tests.unit.models.twin.calibration import (
    AXIS_HZ,
    CALIBRATION,
    SETTINGS,
    TRACES,
    measured,
)

COLD = CALIBRATION[0]


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "jpa"])
def hidden(request: pytest.FixtureRequest) -> ReceiverHardware:
    """Return a unit that no description states."""
    return draw_unit(usual_receiver(has_jpa=request.param), np.random.default_rng(4))


@pytest.fixture(scope="module")
def plain() -> ReceiverHardware:
    """Return a unit without a JPA."""
    return draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(4))


def whole_space(hardware: ReceiverHardware, count: int = 1) -> FitSpace:
    return make_space(hardware, list(CALIBRATION[:count]), ("gain_drift_db",), FROZEN)


def directly(space: FitSpace, place: Reals, count: int) -> Samples:
    """Return the traces of the chain itself, shape (sweep, trace, point)."""
    hardware = space.hardware_at(place)
    found = []
    for index in range(count):
        point = space.point_at(place, CALIBRATION[index], index)
        traces = chain_response(AXIS_HZ, hardware, point, TRACES)
        found.append(np.stack([traces[name] for name in TRACES]))
    return np.stack(found)


def test_joined_blocks_are_the_chain(hidden: ReceiverHardware) -> None:
    """Cut into blocks and joined again, with drifts, to rounding."""
    space = whole_space(hidden, 4)
    data = read_sweeps(measured(hidden, CALIBRATION[:4]), hidden)
    place = space.start + 0.02 * np.random.default_rng(0).normal(size=space.size)
    found = FitModel(space, data).predict(place)
    expected = directly(space, place, 4)
    assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()


def test_the_jacobian_is_that_of_the_model(hidden: ReceiverHardware) -> None:
    """Differences of blocks, chained through the join, agree with whole differences."""
    space = whole_space(hidden, 2)
    data = read_sweeps(measured(hidden, CALIBRATION[:2]), hidden)
    place = space.place_of(space.values(space.start))
    slope = FitModel(space, data).differentiate(place)
    rng = np.random.default_rng(0)
    chosen = [*rng.choice(len(space.names), 8, replace=False), space.size - 1]
    level = np.abs(slope.samples).max(axis=-1, keepdims=True)
    inside = (space.centre + space.sigma * (place + 1e-3) < space.high) & (
        space.centre + space.sigma * (place - 1e-3) > space.low
    )
    for index in chosen:
        if not inside[index]:
            continue
        step = 1e-4 * np.eye(space.size)[index]
        after, before = (directly(space, place + way, 2) for way in (step, -step))
        difference = (after - before) / 2e-4
        assert (np.abs(difference - slope.jacobian[index]) < 1e-5 * level).all()


HELD_DB = 0.05


def _high(space: FitSpace, column: int) -> Reals:
    high = space.high.copy()
    high[column] = HELD_DB
    return high


def test_a_step_stops_at_a_bound_and_goes_on_without_it(
    plain: ReceiverHardware,
) -> None:
    """A constant that the data push through its bound holds up nobody else."""
    space = whole_space(plain)
    names = ("bypass_line.parts.3.tilt_db", "bypass_line.parts.0.delay_s")
    free = [space.names.index(name) for name in names]
    truth = space.values(space.start)
    truth[free[1]] += 1e-12
    data = read_sweeps(measured(space.hardware_at(space.place_of(truth))), plain)
    tight = replace(space, high=_high(space, free[0]))
    model = FitModel(tight, data, free, sweeps=[0], traces=["S33"])
    stage = Stage(tempering_ratio=0.0, step_count=8, is_logarithmic=False)
    found = tight.values(solve(model, space.start, stage).place)[free]
    assert found[0] == HELD_DB
    assert found[1] == pytest.approx(truth[free[1]], abs=0.2e-12)


def test_a_trace_of_noise_has_no_phase(plain: ReceiverHardware) -> None:
    """With the cavity switched away S21 is noise: no unwrapped phase may lead a fit."""
    space = whole_space(plain)
    data = read_sweeps(measured(plain, CALIBRATION[3:4]), plain)
    model = FitModel(space, data, [space.size - 1], traces=["S21"])
    seen = np.abs(model.samples) / model.sigma
    assert np.median(seen) < 3.0
    stage = Stage(tempering_ratio=1e-4, step_count=1)
    assert cost_at(model, space.start, stage) < 3.0 * seen.size


def test_few_spikes_are_left_out_and_many_are_not(plain: ReceiverHardware) -> None:
    """A right model with one spoiled point is right."""
    [sweep] = measured(plain, CALIBRATION[:1])
    space = whole_space(plain)
    for count, accepted in ((1, True), (30, False)):
        spoiled = sweep.traces["S23"].copy()
        spoiled[5 : 5 + 2 * count : 2] *= 3.0
        one = replace(sweep, traces={**sweep.traces, "S23": spoiled})
        data = read_masked([one], plain)
        start = solve(
            FitModel(space, data, [space.size - 1]),
            space.start,
            Stage(tempering_ratio=0.0, step_count=6),
        ).place
        quality = judge_fit(data, list(FitModel(space, data, ()).predict(start)))
        assert quality.is_accepted is accepted
        assert quality.spike_count > 0
        assert json.dumps(quality.by_trace)


def test_modes_are_masked_where_the_cavity_is_seen(plain: ReceiverHardware) -> None:
    """The internal short hides them, and no point is given away."""
    seen, away = read_masked(measured(plain)[:4:3], plain)
    low_hz, high_hz = mode_windows_hz(plain)[0]
    inside = (low_hz < AXIS_HZ) & (high_hz > AXIS_HZ)
    assert inside.any()
    assert not seen.is_used[:, inside].any()
    assert away.is_used.all()


def test_unlike_sweeps_are_refused(plain: ReceiverHardware) -> None:
    """One sentence each."""
    empty: dict[str, np.ndarray] = {}
    with pytest.raises(ValueError, match="at least one"):
        CalibrationSweep(
            frequency_hz=AXIS_HZ, traces=empty, point=COLD, settings=SETTINGS
        )
    sweep, other = measured(plain, CALIBRATION[:2])
    with pytest.raises(ValueError, match="201 values on an axis of 5"):
        replace(sweep, frequency_hz=AXIS_HZ[:5])
    with pytest.raises(ValueError, match="at least one"):
        fit_twin(plain, [])
    shifted = replace(other, frequency_hz=AXIS_HZ + 1e6)
    with pytest.raises(ValueError, match="sweep 1 has another axis"):
        fit_twin(plain, [sweep, shifted])
    fewer = replace(other, traces={"S11": other.traces["S11"]})
    with pytest.raises(ValueError, match="sweep 1 holds S11"):
        fit_twin(plain, [sweep, fewer])


def test_constants_go_to_a_place_and_back(plain: ReceiverHardware) -> None:
    """Values, place, hardware."""
    space = whole_space(plain)
    held = {known.name: known.value for known in list_constants(plain)}
    moved = with_constants(plain, {"hemt.gain_db": held["hemt.gain_db"] + 0.3})
    values = space.values(space.start)
    values[space.names.index("hemt.gain_db")] += 0.3
    found = space.hardware_at(space.place_of(values))
    assert found.hemt.gain_db == pytest.approx(moved.hemt.gain_db)
