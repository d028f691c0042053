from dataclasses import replace

import numpy as np
import pytest

from instruments.simulation.physics.chain import OperatingPoint
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.catalogue import usual_cavity
from instruments.simulation.physics.chain.cavity import (
    Cavity,
    cavity_response,
    mode_now,
)
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.ranges import ParameterOutOfRangeError

COLD = OperatingPoint(cavity_temperature_k=4.0, rod_temperature_k=4.0)


def now(cavity, point=COLD, index=0):
    axis = np.asarray([5e9])
    raised = lifted(cavity, axis)
    mode = mode_now(raised, raised.modes[index], lifted(point, axis))
    return {
        name: float(getattr(mode, name)[0])
        for name in (
            "resonant_frequency_hz",
            "unloaded_q",
            "weak_coupling_beta",
            "strong_coupling_beta",
        )
    }


def respond(cavity, axis_hz, point=COLD):
    return cavity_response(
        lifted(cavity, axis_hz), make_band(axis_hz), lifted(point, axis_hz)
    )


def alone(**changes):
    cavity = usual_cavity()
    return replace(cavity, modes=cavity.modes[:1], leak_reactance_ratio=0.0, **changes)


def test_one_mode_alone_is_the_textbook_formula():
    cavity = alone()
    mode = now(cavity)
    f0_hz, q0 = mode["resonant_frequency_hz"], mode["unloaded_q"]
    b1, b2 = mode["weak_coupling_beta"], mode["strong_coupling_beta"]
    axis_hz = f0_hz * (1 + np.linspace(-2e-4, 2e-4, 101))
    got = respond(cavity, axis_hz)
    d = 2j * q0 * (axis_hz / f0_hz - 1)
    whole = 1 + b1 + b2 + d
    np.testing.assert_allclose(got.s21, 2 * np.sqrt(b1 * b2) / whole, rtol=3e-4)
    np.testing.assert_allclose(got.s22, (b2 - 1 - b1 - d) / whole, atol=1e-3)


def test_modes_mix_as_coupled_oscillators():
    cavity = usual_cavity()
    tuned, fixed = cavity.modes[:2]
    strong = replace(fixed, mixing_hz=5e6, weak_external_q=1e12, strong_external_q=1e9)
    for apart_hz in (-8e6, 0.0, 12e6):
        moved = replace(
            tuned,
            resonant_frequency_hz=fixed.resonant_frequency_hz + apart_hz,
            tuning_span_hz=0.0,
        )
        pair = replace(cavity, modes=(moved, strong), leak_reactance_ratio=0.0)
        fa, fb = (now(pair, index=i)["resonant_frequency_hz"] for i in (0, 1))
        split_hz = np.hypot((fa - fb) / 2, 5e6)
        axis_hz = (fa + fb) / 2 + np.linspace(-2.5e7, 2.5e7, 50_001)
        level = np.abs(respond(pair, axis_hz).s21)
        peaks = axis_hz[1:-1][(level[1:-1] > level[:-2]) & (level[1:-1] > level[2:])]
        expected = (fa + fb) / 2 + np.asarray([-split_hz, split_hz])
        np.testing.assert_allclose(np.sort(peaks), expected, atol=1e5)


def test_tm_modes_tune_and_te_modes_do_not():
    low, high = (replace(COLD, rod_position_ratio=way) for way in (0.2, 0.8))
    cavity = usual_cavity()
    moved = [
        now(cavity, high, i)["resonant_frequency_hz"]
        - now(cavity, low, i)["resonant_frequency_hz"]
        for i in range(4)
    ]
    assert moved[0] > 2e8
    assert moved[3] > 1e8
    assert abs(moved[1]) < 1.0
    assert abs(moved[2]) < 1.0


def test_backlash_moves_the_line_by_a_part_of_its_width():
    cavity = usual_cavity()
    up, down = (
        now(cavity, replace(COLD, rod_direction_factor=way)) for way in (1.0, -1.0)
    )
    lost_hz = down["resonant_frequency_hz"] - up["resonant_frequency_hz"]
    linewidth_hz = 5.1e9 / 2e4
    assert 0.1 < lost_hz / linewidth_hz < 3.0


def test_cooling_shrinks_the_cavity_and_raises_q():
    cavity = alone()
    loss_free = replace(cavity, modes=(replace(cavity.modes[0], rod_loss_ratio=0.0),))
    warm = now(loss_free, replace(COLD, cavity_temperature_k=293.0))
    cold = now(loss_free, COLD)
    rise = cold["resonant_frequency_hz"] / warm["resonant_frequency_hz"] - 1
    assert rise == pytest.approx(0.00324, abs=6e-5)
    assert cold["unloaded_q"] / warm["unloaded_q"] == pytest.approx(4.95, abs=0.15)


def test_a_deeper_antenna_couples_more_and_leaves_q_alone():
    cavity = alone()
    deep = now(cavity, replace(COLD, antenna_depth_change_m=2e-3))
    usual = now(cavity)
    assert deep["strong_coupling_beta"] == pytest.approx(
        usual["strong_coupling_beta"] * np.e
    )
    assert deep["unloaded_q"] == usual["unloaded_q"]


def test_copper_is_flat_in_the_field_of_the_magnet():
    cavity = alone()
    low, high = (now(cavity, replace(COLD, magnet_field_tesla=b)) for b in (0.0, 8.0))
    assert 0.9 < high["unloaded_q"] / low["unloaded_q"] < 1.0


def test_a_mode_that_the_rod_would_tune_to_zero_is_refused():
    with pytest.raises(ParameterOutOfRangeError, match="tune it to zero"):
        replace(usual_cavity().modes[0], tuning_span_hz=9.5e9)


def test_an_antenna_far_out_or_in_breaks_nothing():
    axis_hz = np.linspace(5.0e9, 5.2e9, 11)
    for depth_m in (-0.1, 0.1):
        got = respond(alone(), axis_hz, replace(COLD, antenna_depth_change_m=depth_m))
        assert np.isfinite(got.s22).all()


def test_a_cavity_needs_a_mode():
    with pytest.raises(ValueError, match="at least one mode"):
        Cavity(modes=())
