import numpy as np
import pytest

from instruments.simulation.physics.chain import (
    OperatingPoint,
    PlateTemperatures,
    SweepSettings,
    chain_noise_sigma,
    chain_response,
)
from instruments.simulation.physics.chain.amplifiers import (
    Hemt,
    RoomAmplifier,
    compression_ratio,
    hemt_response,
    noise_temperature_k,
    room_amplifier_response,
)
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.vna import Vna, port_errors

AXIS_HZ = np.asarray([4e9, 5e9, 6e9])


def gain_db(hemt=None, **state):
    response = hemt_response(
        lifted(hemt or Hemt(), AXIS_HZ),
        make_band(AXIS_HZ),
        lifted(OperatingPoint(**state), AXIS_HZ),
    )
    return 20 * np.log10(np.abs(response.s21))


def test_gain_falls_with_temperature_as_a_power():
    cold, warm = (
        gain_db(plates=PlateTemperatures(four_kelvin_k=t))[1] for t in (0.0, 300.0)
    )
    assert cold == pytest.approx(40.0, abs=1e-3)
    assert cold - warm == pytest.approx(5.0, abs=1e-3)


def test_without_bias_the_device_is_a_lossy_coupling():
    levels = [gain_db(hemt_bias_ratio=b)[1] for b in (1.0, 0.9, 0.5, 0.1, 0.0)]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == pytest.approx(-5.0, abs=0.1)


def test_noise_is_quadratic_in_temperature_over_a_floor():
    temperatures = np.asarray([0.0, 100.0, 200.0])
    point = lifted(
        OperatingPoint(plates=PlateTemperatures(four_kelvin_k=temperatures)), AXIS_HZ
    )
    noise = noise_temperature_k(lifted(Hemt(), AXIS_HZ), point)[:, 0]
    assert noise[0] == pytest.approx(2.0)
    assert (noise[2] - noise[0]) / (noise[1] - noise[0]) == pytest.approx(4.0)


def test_one_db_is_lost_at_the_compression_point():
    gain = np.asarray([100.0 + 0j])
    left = compression_ratio(-50.0, gain, -10.0)
    assert 20 * np.log10(left[0]) == pytest.approx(-1.0, abs=0.01)
    assert compression_ratio(-90.0, gain, -10.0)[0] == pytest.approx(1.0, abs=1e-4)


def test_the_room_amplifier_feels_the_room():
    def level_db(room_k):
        response = room_amplifier_response(
            lifted(RoomAmplifier(), AXIS_HZ),
            make_band(AXIS_HZ),
            lifted(OperatingPoint(plates=PlateTemperatures(room_k=room_k)), AXIS_HZ),
        )
        return 20 * np.log10(np.abs(response.s21))[1]

    assert level_db(299.0) - level_db(296.0) == pytest.approx(-0.06)


def test_a_fresh_calibration_at_its_temperature_drifts_by_nothing():
    errors = port_errors(
        lifted(Vna(), AXIS_HZ), make_band(AXIS_HZ), lifted(OperatingPoint(), AXIS_HZ)
    )
    np.testing.assert_allclose(errors.tracking, 1.0)
    off = port_errors(
        lifted(Vna(), AXIS_HZ),
        make_band(AXIS_HZ),
        lifted(OperatingPoint(plates=PlateTemperatures(room_k=297.0)), AXIS_HZ),
    )
    assert 20 * np.log10(np.abs(off.tracking[1])) == pytest.approx(-0.015)
    assert np.degrees(np.angle(off.tracking[1])) == pytest.approx(0.149, abs=0.01)


def test_noise_has_its_three_parts(usual):
    axis_hz = np.linspace(5.5e9, 6.5e9, 11)
    settings = SweepSettings(if_bandwidth_hz=1000.0)

    def sigma(name="S23", power_dbm=-20.0, with_settings=settings, **state):
        point = OperatingPoint(source_power_dbm=power_dbm, **state)
        traces = chain_response(axis_hz, usual, point, (name,))
        found = chain_noise_sigma(axis_hz, usual, point, traces, with_settings)
        return found[name], np.abs(traces[name])

    strong, level = sigma(power_dbm=0.0)
    np.testing.assert_allclose(strong / level, 2e-4, rtol=0.05)
    weak, _ = sigma(power_dbm=-80.0)
    weaker, _ = sigma(power_dbm=-90.0)
    np.testing.assert_allclose(weaker / weak, np.sqrt(10), rtol=0.01)
    floor = np.sqrt(0.5 * 10 ** ((-88.0 + 80.0) / 10))
    assert (weak > 1.05 * floor).all()
    dead, _ = sigma(power_dbm=-80.0, hemt_bias_ratio=0.0)
    np.testing.assert_allclose(dead, floor, rtol=0.01)
    narrow, _ = sigma(with_settings=SweepSettings(if_bandwidth_hz=10.0))
    wide, _ = sigma()
    np.testing.assert_allclose(wide / narrow, 10.0)
    averaged, _ = sigma(
        with_settings=SweepSettings(if_bandwidth_hz=1000.0, averaging_count=4)
    )
    np.testing.assert_allclose(wide / averaged, 2.0)


def test_a_pumped_jpa_amplifies_the_noise_in_its_window_only(usual):
    axis_hz = np.asarray([5.1e9, 6.5e9])
    found = []
    for gain_db in (0.0, 20.0):
        point = OperatingPoint(source_power_dbm=-90.0, jpa_gain_db=gain_db)
        traces = chain_response(axis_hz, usual, point, ("S23",))
        settings = SweepSettings(if_bandwidth_hz=1000.0)
        found.append(chain_noise_sigma(axis_hz, usual, point, traces, settings)["S23"])
    quiet, pumped = found
    assert pumped[0] > 1.5 * quiet[0]
    assert pumped[1] == pytest.approx(quiet[1], rel=1e-2)
