import numpy as np
import pytest

from instruments.simulation.physics.circulator import (
    ThreePort,
    close_first_port,
    close_second_port,
    close_third_port,
    magnetisation,
)


def draw(seed):
    rng = np.random.default_rng(seed)
    return ThreePort(*(0.5 * (rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4)))))


@pytest.mark.parametrize(
    ("close", "order"),
    [
        (close_first_port, (0, 1, 2)),
        (close_second_port, (1, 0, 2)),
        (close_third_port, (2, 1, 0)),
    ],
)
def test_closing_a_port_agrees_with_the_full_matrix(close, order):
    j = draw(1)
    load = 0.3 - 0.2j
    two_port = close(j, load)
    for point in range(4):
        r, f, k = j.reflection[point], j.forward[point], j.leak[point]
        s = np.array([[r, k, f], [f, r, k], [k, f, r]])
        closed, one, two = order
        reduced = s + load / (1 - s[closed, closed] * load) * np.outer(
            s[:, closed], s[closed, :]
        )
        got = (two_port.s11, two_port.s12, two_port.s21, two_port.s22)
        wanted = (
            reduced[one, one],
            reduced[one, two],
            reduced[two, one],
            reduced[two, two],
        )
        np.testing.assert_allclose([g[point] for g in got], wanted, rtol=1e-12)


def test_ferrite_is_frozen_below_twenty_kelvin():
    levels = magnetisation(np.asarray([0.0, 4.0, 20.0, 77.0, 295.0]))
    gauss = 2460 * levels
    assert gauss[1] == pytest.approx(2459, abs=1)
    assert gauss[3] == pytest.approx(2375, abs=5)
    assert gauss[4] == pytest.approx(1780, abs=10)
    assert 1 - levels[2] < 0.006
