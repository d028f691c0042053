import numpy as np
import pytest

from models.monitoring.jumps import SUDDEN_FROM, jump_of


def run(rng, count=6, drift=0.0, noise=1e-3):
    """Signatures of two traces, oldest first."""
    common = rng.uniform(-3, 3, size=(2, 32))
    return [
        {
            trace: (common[row] + drift * at + noise * rng.normal(size=32)).tolist()
            for row, trace in enumerate(("S21", "S23"))
        }
        for at in range(count)
    ]


def jump(sweeps):
    return jump_of(sweeps[-1], sweeps[-2::-1])


@pytest.mark.parametrize("seed", range(40))
def test_noise_and_drift_are_no_jump(seed):
    rng = np.random.default_rng(seed)
    assert not jump(run(rng)).is_sudden
    assert not jump(run(rng, drift=0.02)).is_sudden


def test_a_change_of_one_band_is_a_jump_and_is_placed():
    sweeps = run(np.random.default_rng(1), drift=1e-3)
    sweeps[-1]["S23"][5] += 0.05
    found = jump(sweeps)
    assert (found.is_sudden, found.trace, found.band) == (True, "S23", 5)
    assert found.size > SUDDEN_FROM
    assert found.sweeps == 5


def test_phases_wrap():
    sweeps = run(np.random.default_rng(2))
    for sweep in sweeps:
        sweep["S21"][16:] = [np.pi - 1e-5 if sweep is sweeps[-1] else 1e-5 - np.pi] * 16
    assert not jump(sweeps).is_sudden


def test_too_few_or_other_sweeps_tell_nothing():
    sweeps = run(np.random.default_rng(3))
    assert jump_of(sweeps[-1], sweeps[:2]) is None
    assert jump_of({}, sweeps) is None
    alone = [{"S21": each["S21"]} for each in sweeps]
    assert jump_of(sweeps[-1], alone) is None
