from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from models.diagnosis import EstimateState
from models.networks.density import LEVELS, Coordinate, DensityGrid
from models.preprocessing.view import SweepView
from models.serving.estimation import (
    WIDEST_DEX,
    determined,
    observe_views,
    widest_interval,
)
from models.serving.judgements import Judgements
from models.serving.wording import word_estimate, word_judgement

KELVIN = DensityGrid(coordinate=Coordinate.LOG10, low=-1.0, high=2.5)
TESLA = DensityGrid(coordinate=Coordinate.ASINH, low=-4.0, high=4.0, scale=1e-3)
NARROW = np.array([0.9, 0.95, 1.0, 1.05, 1.1])
WIDE = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])


def test_narrow_quantiles_are_determined_and_wide_ones_not():
    assert list(determined(np.stack([NARROW, WIDE]), KELVIN)) == [True, False]
    assert widest_interval(KELVIN) == WIDEST_DEX
    assert widest_interval(TESLA) == 4.0
    assert widest_interval(replace(KELVIN, high=-0.5)) == 0.25


def test_what_is_not_determinable_keeps_its_interval_but_no_median():
    estimate = word_estimate(WIDE, KELVIN, told=False, strange=False)
    assert estimate.state is EstimateState.NOT_DETERMINABLE
    assert estimate.median is None
    found = (estimate.p05, estimate.p16, estimate.p84, estimate.p95)
    assert found == pytest.approx(10.0 ** WIDE[[0, 1, 3, 4]])


def test_what_is_told_has_all_quantiles():
    estimate = word_estimate(NARROW, KELVIN, told=True, strange=False)
    assert estimate.state is EstimateState.ESTIMATED
    found = (estimate.p05, estimate.p16, estimate.median, estimate.p84, estimate.p95)
    assert len(found) == len(LEVELS)
    assert found == pytest.approx(10.0**NARROW)


def test_of_a_strange_sweep_nothing_is_said():
    estimate = word_estimate(NARROW, KELVIN, told=True, strange=True)
    assert estimate.state is EstimateState.NOT_DETERMINABLE
    assert estimate.p05 is None
    assert estimate.p95 is None


def test_without_a_reference_there_is_no_line_to_compare():
    view = SweepView(frequency_hz=np.linspace(5e9, 5.001e9, 101), traces={})
    assert observe_views([view, view]) == [None, None]


@pytest.mark.parametrize(
    ("has_reference", "state"),
    [(True, EstimateState.ESTIMATED), (False, EstimateState.NO_REFERENCE)],
)
def test_a_line_needs_a_reference_but_not_its_axis(has_reference, state):
    """A warm line is broad, and swept wider than the reference was."""
    judged = Judgements(
        quantiles={"temperature_k": NARROW[None]},
        probabilities={},
        novelty=np.zeros((1, 0)),
        p_value=np.ones(1),
        compared=np.array([False]),
        determined={"temperature_k": np.array([True])},
        lines=True,
        line_has_reference=np.array([has_reference]),
    )
    model = SimpleNamespace(
        densities={"temperature_k": KELVIN},
        classes={},
        presence=None,
        novelty_calibration=SimpleNamespace(names=()),
        form=SimpleNamespace(s_parameters=()),
        units={},
    )
    assert word_judgement(model, judged, 0, "v1").temperature_k.state is state
