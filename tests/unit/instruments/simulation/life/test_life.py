from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.simulation.failures import CATALOGUE, Scope, respond
from instruments.simulation.life import (
    HEALTHY,
    Intervention,
    Life,
    LifePlan,
    MagnetRamp,
    RunPlan,
    ThermalCycle,
    Touch,
    Work,
)

DAY_S = 86_400.0


AXIS_HZ = np.linspace(4e9, 8e9, 301)
TIMES = st.lists(
    st.floats(min_value=0.0, max_value=4 * DAY_S), min_size=1, max_size=12, unique=True
)


@pytest.fixture(scope="session")
def busy(plan_with, event):
    return plan_with(
        events=(
            event("loose_connector", from_s=0.5 * DAY_S, to_s=3 * DAY_S, ramp_s=DAY_S),
            event("vna_glitch", hit_ratio=0.3),
            event("neighbour_cross_talk", neighbour="cavity-3", to_s=3 * DAY_S),
            event("magnet_quench", from_s=2.5 * DAY_S, to_s=2.6 * DAY_S),
        ),
        ramps=(MagnetRamp(at_s=3600.0, field_tesla=8.0, rate_tesla_per_s=2e-3),),
        cycles=(
            plan_with().cycles[0],
            ThermalCycle(
                name="second",
                warm_from_s=3.2 * DAY_S,
                cooling_from_s=3.5 * DAY_S,
                touch=Touch.CONNECTORS,
            ),
        ),
    )


def numbers_of(sample):
    own = {
        one.name: getattr(sample.point, one.name)
        for one in fields(sample.point)
        if one.name != "plates"
    }
    plates = sample.point.plates
    return own | {one.name: getattr(plates, one.name) for one in fields(plates)}


@settings(max_examples=15, deadline=None)
@given(times=TIMES, random=st.randoms())
def test_same_seed_same_numbers_in_any_order_of_asking(times, random, busy):
    life = Life(busy)
    straight = life.sample("cavity-1", times)
    order = list(range(len(times)))
    random.shuffle(order)
    other = Life(busy)
    other.sample("cavity-3", times)
    mixed = other.sample("cavity-1", [times[index] for index in order])
    for name, values in numbers_of(straight).items():
        assert numbers_of(mixed)[name].tolist() == values[order].tolist(), name
    assert mixed.condition.tolist() == straight.condition[order].tolist()
    for place, index in enumerate(order):
        alone = other.sample("cavity-1", [times[index]]).situation(0)
        assert mixed.situation(place).hardware == alone.hardware
        assert mixed.situation(place).point == alone.point


def test_another_seed_gives_another_life_on_the_same_hardware(plan_with):
    one = Life(plan_with(seed=1)).sample("cavity-1", [5.0])
    two = Life(plan_with(seed=2)).sample("cavity-1", [5.0])
    assert one.point.gain_drift_db[0] != two.point.gain_drift_db[0]
    first, second = one.hardware[0], two.hardware[0]
    assert first.cavity == second.cavity
    assert first != second


def test_a_year_is_sampled_without_stepping(plan_with):
    plan = plan_with(duration_s=366 * DAY_S)
    sample = Life(plan).sample("cavity-2", np.linspace(0.0, 366 * DAY_S, 50_001))
    assert sample.sweep_count == 50_001
    for name, values in numbers_of(sample).items():
        assert np.isfinite(values).all(), name


def test_what_hangs_on_one_vna_is_shared(plan_with):
    life = Life(plan_with())
    one, two, far = (
        life.sample(f"cavity-{number}", [5.0]).hardware[0] for number in (1, 2, 3)
    )
    assert one.vna == two.vna != far.vna
    assert one.room_output_line == two.room_output_line != far.room_output_line
    assert one.weak_line.parts[0] == two.weak_line.parts[0] != far.weak_line.parts[0]
    assert one.circulator != two.circulator


def test_fridge_and_magnet_are_shared_by_all(busy):
    times = np.linspace(0.0, DAY_S, 7)
    life = Life(busy)
    one, two = (life.sample(f"cavity-{number}", times).point for number in (2, 3))
    assert one.plates.mixing_chamber_k.tolist() == two.plates.mixing_chamber_k.tolist()
    assert one.magnet_field_tesla.tolist() == two.magnet_field_tesla.tolist()


def residual_db(first, second, *, aligned):
    best = np.inf
    for delay_s in np.arange(-0.3e-9, 0.3e-9, 4e-12) if aligned else [0.0]:
        turned = second * np.exp(2j * np.pi * AXIS_HZ * delay_s)
        if aligned:
            gain = (first * turned.conj()).sum() / (np.abs(turned) ** 2).sum()
            turned = gain * turned
        power = (np.abs(first - turned) ** 2).sum() / (np.abs(first) ** 2).sum()
        best = min(best, power)
    return 10.0 * np.log10(best)


def ladder(plan_with, places, touch):
    """Median residuals of S23: a repeat, another cycle, warm against cold."""
    found = []
    for seed in range(5):
        cycles = (
            ThermalCycle(name="a", warm_from_s=0.0, cooling_from_s=0.0),
            ThermalCycle(
                name="b",
                warm_from_s=10 * DAY_S,
                cooling_from_s=10.5 * DAY_S,
                touch=touch,
            ),
        )
        plan = plan_with(
            seed=seed,
            hardware_seed=seed,
            duration_s=20 * DAY_S,
            places=places(1),
            cycles=cycles,
            run=RunPlan(step_ratio=0.0),
        )
        times = [10.0, 6 * DAY_S, 6 * DAY_S + 120.0, 16 * DAY_S]
        sample = Life(plan).sample("cavity-1", times)
        warm, cold, again, other = (
            respond(sample.situation(row), AXIS_HZ, ("S23",))["S23"].reshape(-1)
            for row in range(4)
        )
        found.append(
            (
                residual_db(cold, again, aligned=False),
                residual_db(cold, other, aligned=True),
                residual_db(cold, warm, aligned=True),
            )
        )
    return np.median(found, axis=0)


def test_cycles_repeat_as_well_as_measured_ones(plan_with, places):
    repeat_db, untouched_db, warm_db = ladder(plan_with, places, Touch.NOTHING)
    touched_db = ladder(plan_with, places, Touch.CONNECTORS)[1]
    recabled_db = ladder(plan_with, places, Touch.CABLES)[1]
    assert repeat_db < -48.0
    assert -50.0 < untouched_db < -40.0
    assert -40.0 < touched_db < -24.0
    assert -28.0 < recabled_db < -16.0
    assert warm_db > -18.0
    assert repeat_db < untouched_db < touched_db < recabled_db < warm_db


@pytest.mark.parametrize("failure", CATALOGUE, ids=lambda failure: failure.name)
def test_each_failure_comes_stays_and_goes(failure, plan_with, event):
    neighbour = "cavity-3" if failure.scope is Scope.PAIR else None
    plan = plan_with(events=(event(failure.name, neighbour=neighbour),))
    life = Life(plan)
    sample = life.sample("cavity-1", DAY_S * np.asarray([0.9, 1.2, 1.8, 2.1]))
    assert sample.condition.tolist() == [HEALTHY, failure.name, failure.name, HEALTHY]
    assert sample.severity.tolist() == [0.0, 0.7, 0.7, 0.0]
    well = Life(plan_with()).sample("cavity-1", sample.time_s)
    if failure.name != "circulator_stray_field":
        assert sample.situation(0).point == well.situation(0).point
    assert sample.situation(1) != well.situation(1)
    other = life.sample("cavity-2", sample.time_s)
    assert set(other.condition) == {HEALTHY}


def test_severity_ramps_up_and_recovers(plan_with, event):
    loose = event("loose_connector", ramp_s=0.5 * DAY_S, recovery_s=0.5 * DAY_S)
    life = Life(plan_with(events=(loose,)))
    times = DAY_S * np.asarray([1.0, 1.25, 1.5, 2.25, 2.5])
    found = life.sample("cavity-1", times).severity
    np.testing.assert_allclose(found, [0.0, 0.35, 0.7, 0.35, 0.0], atol=1e-12)


def test_a_glitch_hits_single_sweeps(plan_with, event):
    life = Life(plan_with(events=(event("vna_glitch", hit_ratio=0.25),)))
    sample = life.sample("cavity-1", np.linspace(DAY_S, 2 * DAY_S, 800)[:-1])
    assert 0.18 < (sample.condition == "vna_glitch").mean() < 0.32


def test_a_stuck_rod_hangs_where_it_was_and_jumps_when_free(plan_with, event):
    run = RunPlan(step_ratio=1e-4, motor_ratio=0.0)
    stuck = event("tuning_rod_stuck", severity=1.0)
    life = Life(plan_with(events=(stuck,), run=run))
    times = DAY_S * np.asarray([0.999, 1.2, 1.9, 2.001])
    rod = life.sample("cavity-1", times).point.rod_position_ratio
    assert abs(rod[1] - rod[0]) < 5e-4
    assert rod[2] == rod[1]
    assert abs(rod[3] - rod[2]) > 0.01


def test_a_quench_leaves_what_it_moved_until_the_next_warm_up(plan_with, event):
    cycles = (
        plan_with().cycles[0],
        ThermalCycle(name="second", warm_from_s=3 * DAY_S, cooling_from_s=3.5 * DAY_S),
    )
    changes = {"cycles": cycles, "start_field_tesla": 8.0}
    quench = event("magnet_quench", to_s=1.1 * DAY_S, severity=1.0)
    times = DAY_S * np.asarray([0.9, 2.5, 3.6])
    hit = Life(plan_with(events=(quench,), **changes)).sample("cavity-1", times)
    well = Life(plan_with(**changes)).sample("cavity-1", times)
    same = [
        hit.situation(row).hardware == well.situation(row).hardware for row in range(3)
    ]
    assert same == [True, False, True]
    assert hit.point.magnet_field_tesla.tolist() == [8.0, 0.0, 0.0]
    assert hit.condition.tolist() == [HEALTHY, HEALTHY, HEALTHY]


def test_a_shield_remembers_the_field_until_the_next_warm_up(plan_with, event):
    stray = event("circulator_stray_field", ramp_s=3600.0, recovery_s=3600.0)
    life = Life(plan_with(events=(stray,)))
    sample = life.sample("cavity-1", DAY_S * np.asarray([0.5, 3.0]))
    remembered = sample.point.remanent_field_tesla
    assert remembered[0] == 0.0
    width = sample.hardware[0].circulator.coercive_field_tesla
    assert remembered[1] == pytest.approx(width)


def test_swapped_cables_exchange_the_receivers(plan_with, event):
    swap = event("swapped_cables", neighbour="cavity-3", severity=1.0)
    life = Life(plan_with(events=(swap,)))
    at_s = [1.5 * DAY_S]
    seen, other = life.sample("cavity-1", at_s), life.sample("cavity-3", at_s)
    assert seen.situation(0).hardware == other.situation(0).hardware
    assert seen.component.tolist() == ["circulator-cavity-3"]


def test_operators_leave_their_marks(plan_with):
    def work(kind, **changes):
        return Intervention(work=kind, at_s=DAY_S, **changes)

    one = ("cavity-1",)
    plan = plan_with(
        interventions=(
            work(Work.CALIBRATION, cavities=one, vna="vna-1"),
            work(Work.POWER, cavities=one, vna="vna-1", value=-35.0),
            work(Work.ANTENNA, cavities=one, value=1e-3),
            work(Work.SWITCH, cavities=one, value=2.0),
            work(Work.RECABLING, cavities=one),
        )
    )
    sample = Life(plan).sample("cavity-1", [0.9 * DAY_S, 1.1 * DAY_S])
    point = sample.point
    assert point.calibration_age_s[1] == pytest.approx(0.1 * DAY_S)
    assert point.source_power_dbm.tolist() == [-20.0, -35.0]
    assert point.antenna_depth_change_m.tolist() == [0.0, 1e-3]
    assert point.switch_position_index.tolist() == [0.0, 2.0]
    assert sample.hardware_index.tolist() == [0, 1]
    assert set(sample.condition) == {HEALTHY}


@pytest.mark.parametrize("time_s", [-1.0, 4 * DAY_S + 1.0, np.nan, [[1.0]]])
def test_times_outside_of_the_life_are_refused(time_s, plan_with):
    with pytest.raises(ValueError, match="times must"):
        Life(plan_with()).sample("cavity-1", time_s)


def test_an_unknown_cavity_is_refused_by_name(plan_with):
    with pytest.raises(KeyError, match="cavity-9 is no cavity"):
        Life(plan_with()).sample("cavity-9", [0.0])


def test_no_times_are_no_sweeps(busy):
    sample = Life(busy).sample("cavity-1", [])
    assert sample.sweep_count == 0
    assert isinstance(busy, LifePlan)
