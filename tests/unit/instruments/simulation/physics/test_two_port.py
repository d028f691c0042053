import numpy as np

from instruments.simulation.physics.two_port import (
    TwoPort,
    cascade,
    input_reflection,
)


def draw(seed):
    rng = np.random.default_rng(seed)
    parts = 0.5 * (rng.normal(size=(4, 5)) + 1j * rng.normal(size=(4, 5)))
    return TwoPort(*parts)


def to_transfer(network):
    determinant = network.s11 * network.s22 - network.s12 * network.s21
    rows = [[-determinant, network.s11], [-network.s22, np.ones_like(network.s11)]]
    return np.moveaxis(np.asarray(rows) / network.s21, -1, 0)


def test_cascade_is_the_product_of_transfer_matrices():
    left, right = draw(1), draw(2)
    joined = to_transfer(cascade(left, right))
    np.testing.assert_allclose(joined, to_transfer(left) @ to_transfer(right))


def test_reversal_of_a_cascade_is_the_cascade_of_reversals():
    left, right = draw(3), draw(4)
    one = cascade(left, right).reversed()
    two = cascade(right.reversed(), left.reversed())
    for name in ("s11", "s12", "s21", "s22"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name))


def test_matched_load_shows_the_input_alone():
    network = draw(5)
    np.testing.assert_array_equal(input_reflection(network, 0.0), network.s11)
