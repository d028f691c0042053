"""Where the rods stand and when wide sweeps are taken."""

import numpy as np
import numpy.typing as npt

from instruments.simulation.life.chance import normals, uniforms
from instruments.simulation.life.plan import LifePlan

Floats = npt.NDArray[np.float64]

SWEEP_TIME_S = 2.0
"""Cavities of one VNA are swept one after the other, so far apart in s."""

_MOST_SWEEPS = 2_000_000


def step_at(plan: LifePlan, time_s: Floats) -> npt.NDArray[np.int64]:
    """Return the number of tuning steps made up to times in s."""
    return np.floor(np.asarray(time_s) / plan.run.step_period_s).astype(np.int64)


def rod_at(plan: LifePlan, cavity: str, time_s: Floats) -> tuple[Floats, Floats]:
    """Return where the rod stands on its way, and its last direction (+1 or -1).

    All cavities step together, to and fro between the two turning points; each begins
    the life where its last run has ended.
    """
    run, steps = plan.run, step_at(plan, time_s)
    span = run.high_ratio - run.low_ratio
    if span <= 0.0 or run.step_ratio == 0.0:
        still = np.full(np.shape(time_s), 0.5 * (run.low_ratio + run.high_ratio))
        return still, np.ones(np.shape(time_s))
    # The middle of the way is where the array file's frequency holds.
    begin = 0.5 + 0.02 * (float(uniforms(plan.seed, f"rod/{cavity}", 0)) - 0.5)
    way = np.mod(begin + run.step_ratio / span * steps, 2.0)
    position = run.low_ratio + span * (1.0 - np.abs(way - 1.0))
    ended = run.motor_ratio * normals(plan.seed, f"rod/{cavity}", steps)
    return np.clip(position + ended, 0.0, 1.0), np.where(way <= 1.0, 1.0, -1.0)


def wide_sweep_times(plan: LifePlan, cavity: str) -> Floats:
    """Return when the cavity is swept over its whole band, in s, rising.

    Irregular: from one wide sweep to the next a drawn number of steps passes.
    """
    run = plan.run
    mean = 0.5 * (run.fewest_steps + run.most_steps)
    count = int(plan.duration_s / run.step_period_s / mean * 1.5) + 16
    count = min(count, _MOST_SWEEPS)
    chance = uniforms(plan.seed, f"wide/{cavity}", np.arange(count))
    choices = run.most_steps - run.fewest_steps + 1
    passed = run.fewest_steps + np.floor(chance * choices)
    begin = np.floor(passed[0] * uniforms(plan.seed, f"first/{cavity}", 0))
    steps = begin + np.concatenate([[0.0], np.cumsum(passed[1:])])
    turn_s = 1.0 + SWEEP_TIME_S * _turn_of(plan, cavity)
    late_s = uniforms(plan.seed, f"late/{cavity}", np.arange(count))
    time_s = steps * run.step_period_s + turn_s + late_s
    return np.asarray(time_s[time_s < plan.duration_s])


def _turn_of(plan: LifePlan, cavity: str) -> int:
    vna = plan.place(cavity).vna
    same = [place.name for place in plan.places if place.vna == vna]
    return same.index(cavity)
