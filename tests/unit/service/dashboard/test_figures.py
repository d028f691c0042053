"""Numbers as people read them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.dashboard.figures import (
    HERTZ,
    KELVIN,
    NUMBER,
    TESLA,
    Unit,
    decimals_for,
    grouped,
    interval_figure,
    measured_figure,
)


def estimate(p05: float, median: float, p95: float) -> dict[str, object]:
    return {"state": "estimated", "median": median, "p05": p05, "p95": p95}


def plain(text: str) -> str:
    return re.sub(r"\s", " ", text)


@pytest.mark.parametrize(
    ("quantiles", "unit", "expected"),
    [
        ((3.2, 4.1, 5.6), KELVIN, ("4.1", "K", "[3.2–5.6]")),
        ((0.010, 0.025, 0.040), KELVIN, ("25", "mK", "[10–40]")),
        ((8e-3, 11.8e-3, 17e-3), TESLA, ("11.8", "mT", "[8.0–17.0]")),
        ((-1e-4, 2e-5, 1.4e-4), TESLA, ("20", "µT", "[−100, 140]")),
        ((290.0, 295.0, 300.0), KELVIN, ("295.0", "K", "[290.0–300.0]")),
        ((1e-8, 2e-8, 3e-8), TESLA, ("0.020", "µT", "[0.010–0.030]")),
    ],
)
def test_interval_figure_when_estimated(quantiles, unit, expected):
    figure = interval_figure(estimate(*quantiles), unit)
    assert (plain(figure.text), figure.unit, figure.spread) == expected
    assert figure.is_number


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, "no verdict yet"),
        ({"state": "no_reference"}, "no reference"),
        ({"state": "not_trained"}, "not trained"),
        ({"state": "not_determinable", "p95": None}, "not determinable"),
    ],
)
def test_interval_figure_when_not_estimated_says_why(record, expected):
    figure = interval_figure(record, KELVIN)
    assert (figure.text, figure.unit, figure.spread) == (expected, "", None)
    assert not figure.is_number


@pytest.mark.parametrize(
    ("p95", "expected"),
    [(9.02, ("< 9", "K")), (3.26, ("< 3.3", "K")), (0.12, ("< 120", "mK"))],
)
def test_interval_figure_when_only_a_bound_is_known(p95, expected):
    figure = interval_figure({"state": "not_determinable", "p95": p95}, KELVIN)
    assert (plain(figure.text), figure.unit) == expected
    assert figure.spread == "95 % bound"


def test_interval_figure_when_the_interval_is_missing():
    record = {"state": "estimated", "median": 4.1, "p05": None, "p95": None}
    figure = interval_figure(record, KELVIN)
    assert (figure.text, figure.unit, figure.spread) == ("4.10", "K", None)


@pytest.mark.parametrize(
    ("value", "sigma", "unit", "expected"),
    [
        (5.1001234e9, 1240.0, HERTZ, ("5.100 123 4", "GHz", "± 1.2 kHz")),
        (8010.0, 120.0, NUMBER, ("8 010", "", "± 120")),
        (1.4932, 0.031, NUMBER, ("1.493", "", "± 0.031")),
        (1.5, None, NUMBER, ("1.500", "", None)),
    ],
)
def test_measured_figure_shows_two_digits_of_its_uncertainty(
    value, sigma, unit, expected
):
    figure = measured_figure(value, sigma, unit)
    spread = None if figure.spread is None else plain(figure.spread)
    assert (plain(figure.text), figure.unit, spread) == expected


def test_measured_figure_when_the_fit_gave_none():
    assert measured_figure(None, None, HERTZ).text == "no fit"


@given(value=st.floats(-1e4, 1e4), decimals=st.integers(min_value=0, max_value=9))
def test_grouped_reads_back(value, decimals):
    text = grouped(value, decimals)
    back = float(re.sub(r"\s", "", text).replace("−", "-"))
    assert back == pytest.approx(value, abs=0.51 * 10.0**-decimals)
    assert "-" not in text


@given(spread=st.floats(1e-6, 1e6))
def test_decimals_for_shows_two_digits(spread):
    digits = spread * 10.0 ** decimals_for(spread)
    assert digits >= 9.999999 or decimals_for(spread) == 9


@given(magnitude=st.floats(0, 1e15))
def test_exponent_stays_within_its_unit(magnitude):
    unit = Unit(symbol="Hz", smallest_exponent=-3, largest_exponent=9)
    exponent = unit.exponent(magnitude)
    assert -3 <= exponent <= 9
    if 1e-3 <= magnitude < 1e9:
        assert 1 <= magnitude / 10.0**exponent * (1 + 1e-12) < 1000.1


@pytest.mark.parametrize("spread", [0.0, -1.0, math.inf, math.nan])
def test_decimals_for_when_the_spread_says_nothing(spread):
    assert decimals_for(spread) == 2


def test_exponent_when_the_magnitude_says_nothing():
    assert KELVIN.exponent(math.nan) == 0
    assert HERTZ.exponent(0.0) == 0
