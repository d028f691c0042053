import numpy as np
import pytest

from instruments.simulation.life import (
    Intervention,
    MagnetRamp,
    ThermalCycle,
    Work,
)
from instruments.simulation.life.fridge import (
    eddy_heating_k,
    fridge_at,
    magnet_course,
)

HOUR_S = 3600.0
DAY_S = 86_400.0
PLATES = ("fifty_kelvin_k", "four_kelvin_k", "still_k", "mixing_chamber_k")


@pytest.fixture
def cooling(plan_with):
    cycle = ThermalCycle(name="first", warm_from_s=0.0, cooling_from_s=0.0)
    return plan_with(cycles=(cycle,))


def test_stages_cool_at_their_own_pace_and_end_at_their_base(cooling):
    state = fridge_at(cooling, np.asarray([0.0, 10, 30, 70, 90]) * HOUR_S)
    for name in PLATES:
        course = getattr(state.plates, name)
        assert 285.0 < course[0] < 305.0
        assert (np.diff(course[:4]) < 0.0).all()
    assert state.plates.fifty_kelvin_k[-1] == pytest.approx(45.0, rel=0.05)
    assert state.plates.four_kelvin_k[-1] == pytest.approx(3.5, rel=0.05)
    assert state.plates.still_k[-1] == pytest.approx(0.9, rel=0.1)
    assert state.plates.mixing_chamber_k[-1] == pytest.approx(0.02, rel=0.1)
    mixing_k, cavity_k = state.plates.mixing_chamber_k, state.cavity_temperature_k
    at = 2
    assert mixing_k[at] < cavity_k[at] < state.rod_temperature_k[at]


def test_all_temperatures_are_physical_at_any_time(cooling):
    state = fridge_at(cooling, np.linspace(0.0, 4 * DAY_S, 3001))
    for name in (*PLATES, "cold_plate_k", "room_k"):
        course = getattr(state.plates, name)
        assert np.isfinite(course).all()
        assert course.min() > 0.0
        assert course.max() < 310.0


def test_a_warm_up_ends_where_the_next_cool_down_begins(plan_with):
    first = plan_with().cycles[0]
    second = ThermalCycle(name="second", warm_from_s=DAY_S, cooling_from_s=1.5 * DAY_S)
    plan = plan_with(cycles=(first, second))
    edges_s = np.asarray([DAY_S, 1.5 * DAY_S])
    before = fridge_at(plan, edges_s - 0.5).plates
    after = fridge_at(plan, edges_s + 0.5).plates
    for name in PLATES:
        np.testing.assert_allclose(
            getattr(before, name), getattr(after, name), rtol=0.05
        )
    assert before.mixing_chamber_k[0] < 0.03
    assert before.mixing_chamber_k[1] > 280.0


def test_the_magnet_follows_its_ramps_and_eddies_heat_the_cavity(plan_with):
    ramp = MagnetRamp(at_s=DAY_S, field_tesla=-8.0, rate_tesla_per_s=2e-3)
    plan = plan_with(ramps=(ramp,))
    times = DAY_S + np.asarray([-1.0, 2000.0, 4001.0, 40_000.0])
    state = fridge_at(plan, times)
    np.testing.assert_allclose(
        state.magnet_field_tesla, [0.0, -4.0, -8.0, -8.0], atol=1e-9
    )
    heat_k = eddy_heating_k(plan, times)
    assert heat_k[0] == 0.0
    assert heat_k[1] > 0.05
    assert heat_k[3] < 1e-6
    assert state.cavity_temperature_k[1] > 2 * state.cavity_temperature_k[0]


def test_a_faster_ramp_heats_with_the_square_of_its_rate(plan_with):
    def hottest(rate):
        ramp = MagnetRamp(at_s=0.0, field_tesla=40.0, rate_tesla_per_s=rate)
        at_end = np.asarray([40.0 / rate])
        return eddy_heating_k(plan_with(ramps=(ramp,)), at_end)[0]

    assert hottest(4e-3) / hottest(2e-3) == pytest.approx(4.0, rel=0.01)


def test_a_quench_breaks_a_ramp_off(plan_with, event):
    ramp = MagnetRamp(at_s=0.0, field_tesla=8.0, rate_tesla_per_s=1e-3)
    plan = plan_with(ramps=(ramp,), events=(event("magnet_quench", from_s=4000.0),))
    field_tesla = magnet_course(plan).at([3999.0, 4100.0, 9000.0])
    np.testing.assert_allclose(field_tesla, [3.999, 0.0, 0.0], atol=1e-9)


def test_a_filling_is_felt_and_passes(plan_with):
    fill = Intervention(work=Work.HELIUM_FILL, at_s=DAY_S, cavities=("cavity-1",))
    times = DAY_S + np.asarray([-1.0, 1800.0, 40_000.0])
    plain = fridge_at(plan_with(), times).plates.four_kelvin_k
    filled = fridge_at(plan_with(interventions=(fill,)), times).plates.four_kelvin_k
    assert (filled - plain)[0] == 0.0
    assert (filled - plain)[1] == pytest.approx(0.4, rel=0.01)
    assert (filled - plain)[2] < 1e-3
