import numpy as np
import pytest

from instruments.simulation.physics.chain import OperatingPoint
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.catalogue import usual_jpa
from instruments.simulation.physics.chain.jpa import jpa_reflection, resonance_hz
from instruments.simulation.physics.chain.lifting import lifted

AXIS_HZ = 5.1e9 + np.linspace(-2e9, 2e9, 8001)


def reflect(axis_hz=AXIS_HZ, **state):
    state = {"source_power_dbm": -90.0} | state
    return jpa_reflection(
        lifted(usual_jpa(), axis_hz),
        make_band(axis_hz),
        lifted(OperatingPoint(**state), axis_hz),
    )


def test_without_pump_it_turns_the_phase_once_and_keeps_the_power():
    mirror = reflect()
    assert np.abs(mirror).max() <= 1.0
    assert np.abs(mirror).min() > 0.97
    turned = np.unwrap(np.angle(mirror))
    assert abs(turned[-1] - turned[0]) == pytest.approx(2 * np.pi, rel=0.02)


@pytest.mark.parametrize("gain_db", [10.0, 15.0, 20.0, 25.0])
def test_the_pump_gives_the_gain_it_is_set_to(gain_db):
    got = 20 * np.log10(np.abs(reflect(jpa_gain_db=gain_db)).max())
    assert got == pytest.approx(gain_db, abs=0.5)


def test_gain_bandwidth_shrinks_with_gain():
    def width(gain_db):
        level = 20 * np.log10(np.abs(reflect(jpa_gain_db=gain_db)))
        return (level > level.max() - 3.0).sum()

    assert width(10.0) > 2 * width(20.0)


def test_flux_tunes_the_resonance():
    jpa = usual_jpa()
    nominal, whole, half = (
        float(resonance_hz(jpa, np.asarray([flux]))[0]) for flux in (0.3, 0.0, 0.5)
    )
    assert nominal == pytest.approx(5.1e9, rel=1e-3)
    assert whole == pytest.approx(jpa.max_frequency_hz)
    assert half < 0.02 * whole
    step = float(resonance_hz(jpa, np.asarray([0.301]))[0]) - nominal
    assert 1e6 < abs(step) < 2e7


def test_a_strong_signal_compresses_the_gain():
    weak, strong = (
        20 * np.log10(np.abs(reflect(jpa_gain_db=20.0, source_power_dbm=p)).max())
        for p in (-90.0, -48.0)
    )
    assert weak - strong == pytest.approx(1.0, abs=0.6)
