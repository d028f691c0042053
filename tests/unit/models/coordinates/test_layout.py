"""What coordinates depart by, laid out over traces and bands."""

import numpy as np
import pytest

from models.coordinates import CoordinateForm
from models.coordinates.layout import band_shares
from models.coordinates.smooth import ORDER, smooth_names
from models.coordinates.trace import TraceForm

BINS = 64


def trace(*, logarithmic=True, gates=(), windows=()):
    return TraceForm(
        delay_s=0.0,
        logarithmic=logarithmic,
        kept=np.ones(BINS, dtype=bool),
        turns_at_middle=1.0,
        ripple=np.zeros(BINS // 2 + 1),
        gates=gates,
        snaps=np.zeros((len(gates), 5)),
        snap_range=np.tile([0.0, 1.0], (len(gates), 1)),
        windows=windows,
    )


def form_of(**traces):
    return CoordinateForm(band_hz=(4e9, 8e9), bin_count=BINS, traces=traces)


FORM = form_of(S21=trace(gates=(3,), windows=((20, 28),)), S11=trace(logarithmic=False))


def test_shares_sum_to_one_and_traces_to_their_squares():
    rng = np.random.default_rng(1)
    whitened = rng.normal(size=(5, len(FORM.names)))
    shares = band_shares(FORM, whitened, rng.normal(size=whitened.shape), 16)
    assert shares.shape == (5, 2, 16)
    assert (shares >= 0).all()
    assert shares.sum(axis=(1, 2)) == pytest.approx(1.0)
    by_trace = [
        (whitened[:, FORM.trace_of == index] ** 2).sum(axis=1) for index in (0, 1)
    ]
    found = shares.sum(axis=2).T
    assert found == pytest.approx(np.array(by_trace) / np.sum(by_trace, axis=0))
    nothing = np.zeros_like(whitened)
    assert not band_shares(FORM, nothing, nothing, 16).any()


@pytest.mark.parametrize("part", ["level", "phase"])
def test_a_smooth_departure_is_found_in_its_band(part):
    """A bump at seven tenths of the band, as Legendre coefficients of either part."""
    place = np.linspace(-1.0, 1.0, 400)
    bump = np.exp(-0.5 * ((place - 0.4) / 0.1) ** 2)
    coefficients = np.polynomial.legendre.legfit(place, bump, ORDER)
    names = smooth_names()
    departure = np.zeros((1, len(FORM.names)))
    if part == "level":
        departure[0, 0] = coefficients[0]
        first, start = names.index("level_1"), 1
    else:
        departure[0, 1:3] = coefficients[:2]
        first, start = names.index("phase_2"), 2
    departure[0, first : first + ORDER + 1 - start] = coefficients[start:]
    whitened = np.zeros_like(departure)
    whitened[0, 5] = 2.0
    shares = band_shares(FORM, whitened, departure, 16)[0]
    assert shares[0].argmax() in {10, 11}
    assert shares[0, 9:13].sum() > 0.9
    assert not shares[1].any()


def test_modes_lie_in_their_windows_and_echoes_everywhere():
    names = FORM.names
    for name, expected in (
        ("S21 mode_20_place", np.eye(16)[6]),
        ("S21 echo_3_stretch", np.full(16, 1 / 16)),
    ):
        whitened = np.zeros((1, len(names)))
        whitened[0, names.index(name)] = 3.0
        shares = band_shares(FORM, whitened, whitened, 16)[0]
        assert shares[0] == pytest.approx(expected)
