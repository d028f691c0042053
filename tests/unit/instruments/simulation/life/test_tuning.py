import numpy as np

from instruments.simulation.life import RunPlan, wide_sweep_times
from instruments.simulation.life.tuning import rod_at

DAY_S = 86_400.0


def test_wide_sweeps_come_irregularly_within_their_bounds(plan_with):
    plan = plan_with(duration_s=30 * DAY_S)
    times = wide_sweep_times(plan, "cavity-1")
    steps = np.diff(times) / plan.run.step_period_s
    assert times[0] >= 0.0
    assert times[-1] < plan.duration_s
    assert times[-1] > plan.duration_s - 2 * 60 * 100.0
    assert steps.min() > 9.9
    assert steps.max() < 60.1
    assert np.unique(steps.round()).size > 30


def test_cavities_of_one_vna_take_turns(plan_with):
    plan = plan_with()
    apart = np.subtract.outer(
        wide_sweep_times(plan, "cavity-1"), wide_sweep_times(plan, "cavity-2")
    )
    assert np.abs(apart).min() > 0.9


def test_rods_step_together_to_and_fro_with_backlash(plan_with):
    run = RunPlan(step_ratio=2e-3, motor_ratio=0.0)
    plan = plan_with(run=run)
    time_s = np.arange(0.0, 2 * DAY_S, 100.0) + 50.0
    position, direction = rod_at(plan, "cavity-1", time_s)
    assert position.min() >= 0.4
    assert position.max() <= 0.6
    moved = np.diff(position)
    assert np.abs(moved).max() <= 2e-3 + 1e-12
    clear = np.abs(moved) > 1.9e-3
    assert (np.sign(moved[clear]) == direction[1:][clear]).all()
    assert set(direction) == {-1.0, 1.0}


def test_a_run_without_steps_rests_in_the_middle(plan_with):
    position, _ = rod_at(
        plan_with(run=RunPlan(step_ratio=0.0)), "cavity-1", np.arange(3.0)
    )
    assert position.tolist() == [0.5, 0.5, 0.5]
