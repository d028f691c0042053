import numpy as np
import pytest

from instruments.simulation.physics.circulator import (
    CirculatorParameters,
    circulator_response,
    close_first_port,
    close_second_port,
    close_third_port,
    field_inside_tesla,
    junction_response,
    magnetisation,
)

CENTRE_HZ = 5.0e9
SPLITTING = 0.4
JUNCTION_Q = 0.577 / SPLITTING


def isolation_db(splitting_factor=1.0, centre_factor=1.0):
    junction = junction_response(
        np.asarray([CENTRE_HZ]),
        CENTRE_HZ * centre_factor,
        SPLITTING * splitting_factor,
        JUNCTION_Q,
        0.0,
    )
    return -20 * np.log10(abs(junction.leak[0])), -20 * np.log10(
        abs(junction.reflection[0])
    )


@pytest.mark.parametrize(
    ("factor", "expected_db"),
    [(1.05, 32), (1.1, 26), (1.2, 21), (1.38, 16), (0.8, 19)],
)
def test_isolation_against_splitting(factor, expected_db):
    assert isolation_db(splitting_factor=factor)[0] == pytest.approx(
        expected_db, abs=0.6
    )


@pytest.mark.parametrize(("factor", "expected_db"), [(1.02, 31), (1.05, 23), (1.1, 18)])
def test_isolation_against_centre(factor, expected_db):
    assert isolation_db(centre_factor=factor)[0] == pytest.approx(expected_db, abs=0.8)


def test_return_loss_of_a_wide_splitting():
    assert isolation_db(splitting_factor=1.38)[1] == pytest.approx(14.7, abs=1.5)


def test_ideal_junction_passes_all_and_leaks_nothing():
    junction = junction_response(
        np.asarray([CENTRE_HZ]), CENTRE_HZ, SPLITTING, JUNCTION_Q, 0.0
    )
    assert abs(junction.forward[0]) == pytest.approx(1.0, abs=1e-6)
    assert abs(junction.leak[0]) < 1e-3


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.4])
def test_lossless_junction_is_unitary(factor, axis_hz):
    j = junction_response(axis_hz, 5.9e9, 0.92 * factor, 0.63, 0.0)
    matrix = np.stack(
        [
            np.stack([j.reflection, j.leak, j.forward], -1),
            np.stack([j.forward, j.reflection, j.leak], -1),
            np.stack([j.leak, j.forward, j.reflection], -1),
        ],
        -2,
    )
    product = matrix @ matrix.conj().swapaxes(-1, -2)
    np.testing.assert_allclose(
        product, np.broadcast_to(np.eye(3), product.shape), atol=1e-12
    )


@pytest.mark.parametrize(
    ("close", "order"),
    [
        (close_first_port, (0, 1, 2)),
        (close_second_port, (1, 0, 2)),
        (close_third_port, (2, 1, 0)),
    ],
)
def test_closing_a_port_agrees_with_the_full_matrix(close, order, axis_hz):
    j = junction_response(axis_hz[:3], 5.9e9, 0.9, 0.63, 0.3)
    load = 0.3 - 0.2j
    two_port = close(j, load)
    for point in range(3):
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


def test_shield_weakens_small_fields_and_gives_way_to_large_ones():
    circulator = CirculatorParameters(
        center_frequency_hz=5.9e9,
        splitting_ratio=0.92,
        junction_q=0.63,
        insertion_loss_db=0.3,
        shield_factor=20.0,
        shield_limit_tesla=4e-3,
    )
    inside = field_inside_tesla(circulator, np.asarray([1e-5, 0.05]))
    assert inside[0] == pytest.approx(1e-5 / 20, rel=0.01)
    assert inside[1] == pytest.approx(0.05 - 0.95 * 4e-3, rel=1e-3)


def test_sign_of_the_field_matters(axis_hz):
    parts = {
        sign: circulator_response(
            CirculatorParameters(
                center_frequency_hz=5.9e9,
                splitting_ratio=0.92,
                junction_q=0.63,
                insertion_loss_db=0.3,
                field_alignment_factor=sign,
            ),
            axis_hz,
            np.asarray([4.0]),
            np.asarray([0.03]),
        ).leak
        for sign in (-1.0, 1.0)
    }
    assert np.abs(parts[1.0] - parts[-1.0]).max() > 0.05
