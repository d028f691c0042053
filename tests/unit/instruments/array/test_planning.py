"""Plans follow the tracked resonance."""

import pytest

from instruments.array import parse_array, plan_for, readings_of
from instruments.errors import ArrayConfigError
from instruments.measurement import SweepPurpose


def test_wide_plan_is_the_configured_band(array_text):
    plan = plan_for(parse_array(array_text), "cavity-1", "wide", 1.0)
    assert (plan.start_frequency_hz, plan.stop_frequency_hz) == (4e9, 8e9)
    assert plan.s_parameters == ("S21", "S23", "S11")
    assert plan.purpose is SweepPurpose.WIDE


def test_narrow_plan_spans_linewidths_around_the_tracked_resonance(array_text):
    config = parse_array(array_text)
    plan = plan_for(config, "cavity-1", "transmission", 5.0e9)
    assert plan.stop_frequency_hz - plan.start_frequency_hz == pytest.approx(
        10 * 5.0e9 / 8000
    )
    assert (plan.start_frequency_hz + plan.stop_frequency_hz) / 2 == 5.0e9
    tracked = plan_for(config, "cavity-1", "transmission", 5.0e9, loaded_q=4000)
    assert tracked.stop_frequency_hz - tracked.start_frequency_hz == pytest.approx(
        10 * 5.0e9 / 4000
    )


def test_span_never_reaches_zero_frequency(array_text):
    plan = plan_for(
        parse_array(array_text), "cavity-1", "transmission", 1e9, loaded_q=1.0
    )
    assert plan.start_frequency_hz == 0.5e9


@pytest.mark.parametrize(
    ("cavity", "sweep", "key"),
    [("cavity-9", "wide", "cavities.cavity-9"), ("cavity-1", "w", "sweeps.w")],
)
def test_unknown_names_are_named(array_text, cavity, sweep, key):
    with pytest.raises(ArrayConfigError, match=key):
        plan_for(parse_array(array_text), cavity, sweep, 5e9)


def test_each_cavity_has_shared_and_own_readings(array_text):
    readings = readings_of(parse_array(array_text), "cavity-2")
    assert readings == {
        "mixing_chamber_temperature_k": "thermometer",
        "receiver_temperature_k": "thermometer",
        "stray_field_tesla": "gaussmeter-2",
    }
