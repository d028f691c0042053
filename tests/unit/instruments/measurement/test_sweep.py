"""The sweep keeps its own promises."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from instruments.measurement import (
    MeasurementError,
    Reading,
    Sweep,
    SweepPlan,
    SweepPurpose,
    check_frequency_axis,
)

PLAN = SweepPlan(
    cavity="cavity-1",
    purpose=SweepPurpose.WIDE,
    start_frequency_hz=4e9,
    stop_frequency_hz=8e9,
    point_count=801,
    s_parameters=("S21", "S11", "S23"),
    if_bandwidth_hz=1e3,
    source_power_dbm=-20.0,
    averaging_count=3,
)


def test_a_plan_takes_a_pass_for_each_source_port_and_average() -> None:
    assert PLAN.duration_s == pytest.approx(0.801 * 2 * 3)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cavity": "no spaces"}, "cavity"),
        ({"stop_frequency_hz": 4e9}, "stop_frequency_hz"),
        ({"stop_frequency_hz": float("nan")}, "stop_frequency_hz"),
        ({"point_count": 1}, "point_count"),
        ({"point_count": 200_002}, "point_count"),
        ({"s_parameters": ()}, "s_parameters"),
        ({"s_parameters": ("S5",)}, "s_parameters"),
        ({"if_bandwidth_hz": 0.0}, "if_bandwidth_hz"),
        ({"source_power_dbm": float("inf")}, "source_power_dbm"),
        ({"averaging_count": 0}, "averaging_count"),
    ],
)
def test_a_plan_that_no_vna_could_carry_out_is_refused(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(MeasurementError) as caught:
        replace(PLAN, **changes)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_the_hash_tells_measurements_apart(sweep: Sweep) -> None:
    others = [
        replace(sweep, cavity="cavity-2"),
        replace(sweep, measured_at=datetime(2026, 1, 31, 4, tzinfo=UTC)),
        replace(sweep, purpose=SweepPurpose.REFLECTION),
        replace(sweep, is_reference=False),
        replace(sweep, frequency_hz=sweep.frequency_hz * 2),
        replace(sweep, traces={"S21": sweep.traces["S21"]}),
        replace(sweep, traces={"S22": sweep.traces["S21"]}),
        sweep.to_complex64(),
    ]
    hashes = [other.content_hash() for other in others]
    assert hashes[-1] == sweep.content_hash()
    assert len({sweep.content_hash(), *hashes}) == len(others)
    assert all(other != sweep for other in others[:-1])


def test_the_key_is_the_clients_own_or_the_hash(sweep: Sweep) -> None:
    assert sweep.key() == sweep.content_hash()
    assert replace(sweep, idempotency_key="mine").key() == "mine"


def test_a_sweep_cannot_be_changed_through_its_maps(sweep: Sweep) -> None:
    with pytest.raises(TypeError):
        sweep.traces["S21"] = sweep.traces["S21"]  # type: ignore[index]


def test_a_strided_trace_is_taken_as_it_reads(sweep: Sweep) -> None:
    wide = np.arange(10, dtype=np.complex64)
    taken = replace(sweep, traces={"S21": wide[::2]})
    assert np.array_equal(taken.traces["S21"], wide[::2])
    assert taken != "a sweep"


@pytest.mark.parametrize(
    ("traces", "words"),
    [
        ({"S21": np.zeros(5, dtype=np.float64)}, "needs complex64"),
        ({"S21": np.zeros(4, dtype=np.complex64)}, "5 points"),
        ({"S21": np.zeros((5, 1), dtype=np.complex64)}, "5 points"),
    ],
)
def test_a_trace_must_fit_the_axis(
    sweep: Sweep, traces: dict[str, object], words: str
) -> None:
    with pytest.raises(MeasurementError, match=words):
        replace(sweep, traces=traces)  # type: ignore[arg-type]


def test_a_sweep_needs_a_time_zone(sweep: Sweep) -> None:
    with pytest.raises(MeasurementError, match="time zone"):
        replace(sweep, measured_at=datetime(2026, 1, 31))  # noqa: DTZ001 - the point


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ([], "needs one axis"),
        ([[1.0, 2.0]], "needs one axis"),
        ([1.0, np.nan], "NaN"),
        ([-1.0, 1.0], "below 0"),
        ([1.0, 3.0, 3.0], "point 2 is not above point 1"),
    ],
)
def test_an_axis_must_rise(axis: list[float], words: str) -> None:
    with pytest.raises(MeasurementError, match=words):
        check_frequency_axis(np.array(axis))


def test_an_axis_ends_somewhere() -> None:
    with pytest.raises(MeasurementError, match="at most 200001"):
        check_frequency_axis(np.arange(200_002, dtype=np.float64))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "4"])
def test_a_reading_is_a_finite_number(value: float) -> None:
    with pytest.raises(MeasurementError, match="finite"):
        Reading(name="t_k", value=value, measured_at=datetime.now(UTC))


def test_a_reading_needs_a_time_zone() -> None:
    with pytest.raises(MeasurementError, match="time zone"):
        Reading(name="t_k", value=1.0, measured_at=datetime(2026, 1, 31))  # noqa: DTZ001 - the point
