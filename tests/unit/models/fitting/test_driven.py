import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fitting.driven import FOLD, energy, saturating_response, shifted_response

DISTANCE = np.linspace(-12, 12, 601)


@settings(deadline=None, max_examples=60)
@given(shift=st.floats(-6, 6), highest=st.booleans())
def test_energy_solves_the_cubic(shift, highest):
    n = energy(DISTANCE, shift, highest=highest)
    assert (n > 0).all()
    assert (n <= 1 + 1e-6).all()
    left = n * (1 + (DISTANCE - shift * n) ** 2)
    assert np.abs(left - 1).max() < 1e-3


@pytest.mark.parametrize("sign", [1, -1])
def test_branches_part_only_past_the_fold(sign):
    for share, parts in ((0.97, False), (1.03, True)):
        shift = sign * share * FOLD
        fine = np.linspace(-3, 3, 20_001)
        apart = energy(fine, shift) - energy(fine, shift, highest=False)
        assert bool(apart.max() > 0.01) is parts


def test_little_power_is_a_lorentzian():
    lorentzian = 1 / (1 + 1j * DISTANCE)
    for response in (
        shifted_response(DISTANCE, 1e-7),
        shifted_response(DISTANCE, 1e-4),
        saturating_response(DISTANCE, 1e-6, 3.0),
    ):
        assert np.abs(response - lorentzian).max() < 2e-4


@settings(deadline=None, max_examples=60)
@given(loss=st.floats(0.01, 20), knee=st.floats(0.01, 1000))
def test_saturating_loss_obeys_its_law(loss, knee):
    response = saturating_response(DISTANCE, loss, knee)
    n = np.abs(response) ** 2
    width = 1 + loss * (1 / np.sqrt(1 + knee * n) - 1 / np.sqrt(1 + knee))
    assert np.abs(response * (width + 1j * DISTANCE) - 1).max() < 1e-6
    # The width is that at the peak.
    assert response[300] == pytest.approx(1, abs=1e-6)
