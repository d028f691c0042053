"""A fit finds what can be found, weighs it rightly, and refuses a wrong model."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    SweepSettings,
    draw_unit,
    list_constants,
    plates_at,
    usual_receiver,
    with_constants,
)
from instruments.simulation.physics.chain.batches import sweep_batch
from models.twin.calibration_set import CalibrationSweep, Reals, read_sweeps
from models.twin.fit import mode_windows_hz
from models.twin.fit_judgement import judge_fit
from models.twin.fit_model import differentiate, predict
from models.twin.fit_search import moves, search
from models.twin.fit_solver import Stage
from models.twin.fit_space import FROZEN, make_space

AXIS_HZ = np.linspace(4e9, 8e9, 81)
COLD = OperatingPoint(
    plates=plates_at(4.0), cavity_temperature_k=4.0, rod_temperature_k=4.0
)
SETTINGS = SweepSettings(if_bandwidth_hz=100.0)
ALL = ("S21", "S23", "S11", "S33", "S22")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def hidden() -> ReceiverHardware:
    """Return a unit that no description states."""
    return draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(4))


def measure(
    hardware: ReceiverHardware, point: OperatingPoint = COLD, seed: int = 1
) -> CalibrationSweep:
    [samples] = sweep_batch(
        AXIS_HZ, hardware, point, SETTINGS, sweep_count=1, seed=seed, s_parameters=ALL
    )
    noisy = dict(zip(ALL, samples.astype(np.complex128), strict=True))
    return CalibrationSweep(
        frequency_hz=AXIS_HZ, traces=noisy, point=point, settings=SETTINGS
    )


def test_few_spikes_are_left_out_and_many_are_not(hidden: ReceiverHardware) -> None:
    """A right model with one spoiled point is right."""
    sweep = measure(hidden)
    space = make_space(hidden, [COLD], (), ("*connectors*", "*ports*"))
    for count, accepted in ((1, True), (30, False)):
        spoiled = sweep.traces["S23"].copy()
        spoiled[5 : 5 + 2 * count : 2] *= 3.0
        one = replace(sweep, traces={**sweep.traces, "S23": spoiled})
        data = read_sweeps([one], hidden, mode_windows_hz(hidden))
        quality = judge_fit(data, predict(space, data, space.start))
        assert quality.is_accepted is accepted
        assert quality.spike_count > 0


def test_the_jacobian_is_that_of_the_model(hidden: ReceiverHardware) -> None:
    """Backward passes over points agree with differences, and torch with numpy."""
    space = make_space(hidden, [COLD], ("gain_drift_db",), FROZEN)
    [data] = read_sweeps([measure(hidden)], hidden)
    slope = differentiate(space, data, 0, space.start)
    [plain] = predict(space, [data], space.start)
    assert np.abs(slope.samples - plain).max() < 1e-10 * np.abs(plain).max()
    rng = np.random.default_rng(0)
    for index in rng.choice(space.size, 8, replace=False):
        step = 1e-4 * np.eye(space.size)[index]
        [after] = predict(space, [data], space.start + step)
        [before] = predict(space, [data], space.start - step)
        difference = (after - before) / 2e-4
        level = np.abs(plain).max(axis=1, keepdims=True)
        assert (np.abs(difference - slope.jacobian[index]) < 1e-5 * level).all()


def test_the_search_mends_a_lost_cycle(hidden: ReceiverHardware) -> None:
    """A cable that is half a cycle off, and a plane of the wrong sign, come back."""
    name = "weak_line.parts.0.delay_s"
    plane = "weak_line.connectors.1.reactance_ratio"
    held = {known.name: known.value for known in list_constants(hidden)}
    wrong = with_constants(hidden, {name: held[name] + 36e-12, plane: -held[plane]})
    sweep = measure(hidden)
    alone = replace(sweep, traces={"S11": sweep.traces["S11"]})
    space = make_space(wrong, [COLD], (), FROZEN, ("weak_line.*",))
    [data] = read_sweeps([alone], wrong)
    stage = Stage(tempering_ratio=0.1, step_count=1)
    place, changed = search(space, data, space.start, stage, is_joint=False)
    found = {
        known.name: known.value for known in list_constants(space.hardware_at(place))
    }
    assert changed > 0
    assert found[name] == pytest.approx(held[name], abs=7e-12)
    assert np.sign(found[plane]) == np.sign(held[plane])
    assert all(
        len({column.size for column in one.values()}) == 1 for one in moves(wrong)
    )


def test_no_sweep_and_torn_sweeps_are_refused() -> None:
    """One sentence each."""
    empty: dict[str, np.ndarray] = {}
    with pytest.raises(ValueError, match="at least one"):
        CalibrationSweep(
            frequency_hz=AXIS_HZ, traces=empty, point=COLD, settings=SETTINGS
        )
    short: Reals = AXIS_HZ[:5]
    with pytest.raises(ValueError, match="81 values on an axis of 5"):
        replace(measure(usual_receiver(has_jpa=False)), frequency_hz=short)


def test_a_quality_can_be_written_down(hidden: ReceiverHardware) -> None:
    """Plain numbers only."""
    space = make_space(hidden, [COLD], (), ("*connectors*", "*ports*"))
    data = read_sweeps([measure(hidden)], hidden, mode_windows_hz(hidden))
    quality = judge_fit(data, predict(space, data, space.start))
    assert json.dumps(quality.by_trace)
