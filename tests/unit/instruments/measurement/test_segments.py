"""Points around a mode: even in phase, strictly rising, within a VNA's table."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from instruments.measurement import (
    MeasurementError,
    SegmentLimits,
    SweepPlan,
    SweepPurpose,
    SweepSegment,
)
from instruments.measurement.segments import (
    FineWindow,
    fine_sweeps,
    narrow_sweep,
    phase_points,
)

frequencies = st.floats(1e9, 9e9)
qualities = st.floats(100.0, 2e5)
tables = st.builds(
    SegmentLimits,
    max_segment_count=st.integers(3, 300),
    least_point_count=st.integers(1, 2),
)


def make_plan(start_hz=4e9, stop_hz=8e9, point_count=401):
    return SweepPlan(
        cavity="cavity-1",
        purpose=SweepPurpose.WIDE,
        start_frequency_hz=start_hz,
        stop_frequency_hz=stop_hz,
        point_count=point_count,
        s_parameters=("S21",),
        if_bandwidth_hz=1000.0,
        source_power_dbm=-20.0,
    )


def axis_of(plan):
    parts = [
        np.linspace(one.start_frequency_hz, one.stop_frequency_hz, one.point_count)
        for one in plan.segments
    ]
    return np.concatenate(parts)


@given(frequencies, qualities, st.floats(1.0, 50.0), st.integers(3, 400))
def test_phase_between_neighbours_is_the_same(f0_hz, loaded_q, linewidths, count):
    half_hz = linewidths * f0_hz / loaded_q / 2
    points = phase_points(
        f0_hz - half_hz,
        f0_hz + half_hz,
        count,
        resonant_frequency_hz=f0_hz,
        loaded_q=loaded_q,
    )
    assert points[0] == f0_hz - half_hz
    assert points[-1] == f0_hz + half_hz
    assert (np.diff(points) > 0).all()
    phase = 2 * np.arctan(2 * loaded_q * (points - f0_hz) / f0_hz)
    # Neighbours are rounded by half a hertz each.
    rounding = 8 * loaded_q / f0_hz
    assert np.ptp(np.diff(phase)) <= rounding + 1e-6


@given(frequencies, qualities, st.integers(2, 200), tables)
def test_wide_sweep_keeps_its_points_and_rises(f0_hz, loaded_q, fine_count, limits):
    plan = make_plan()
    window = FineWindow(
        resonant_frequency_hz=f0_hz,
        loaded_q=loaded_q,
        span_linewidths=10.0,
        point_count=fine_count,
        if_bandwidth_hz=100.0,
    )
    (segmented,) = fine_sweeps(plan, window, limits)
    if not segmented.segments:
        assert segmented == plan
        assert not 4e9 < f0_hz - 5 * f0_hz / loaded_q < 8e9
        return
    axis = axis_of(segmented)
    assert axis.size == segmented.point_count == plan.point_count
    assert (np.diff(axis) > 0).all()
    assert axis[0] == plan.start_frequency_hz
    assert axis[-1] == plan.stop_frequency_hz
    assert len(segmented.segments) <= limits.max_segment_count
    smallest = min(one.point_count for one in segmented.segments)
    assert smallest >= limits.least_point_count
    fine = sum(one.point_count for one in segmented.segments if one.if_bandwidth_hz)
    assert fine == fine_count


@given(frequencies, qualities, st.integers(2, 200))
def test_vna_without_segments_gets_two_plans(f0_hz, loaded_q, fine_count):
    assume(4.2e9 < f0_hz < 7.8e9)
    window = FineWindow(
        resonant_frequency_hz=f0_hz,
        loaded_q=loaded_q,
        span_linewidths=5.0,
        point_count=fine_count,
        source_power_dbm=-30.0,
    )
    wide, narrow = fine_sweeps(make_plan(), window, None)
    assert wide.point_count + narrow.point_count == 401
    assert (wide.purpose, narrow.purpose) == (
        SweepPurpose.WIDE,
        SweepPurpose.TRANSMISSION,
    )
    assert narrow.start_frequency_hz < f0_hz < narrow.stop_frequency_hz
    assert narrow.source_power_dbm == -30.0
    assert not wide.segments
    assert not narrow.segments


@given(frequencies, qualities, st.integers(4, 200), tables)
def test_narrow_sweep_is_segmented_within_the_table(f0_hz, loaded_q, count, limits):
    half_hz = 5 * f0_hz / loaded_q
    plan = make_plan(f0_hz - half_hz, f0_hz + half_hz, count)
    even = narrow_sweep(plan, limits, resonant_frequency_hz=f0_hz, loaded_q=loaded_q)
    axis = axis_of(even)
    assert axis.size == count
    assert (np.diff(axis) > 0).all()
    assert len(even.segments) <= limits.max_segment_count
    if limits.least_point_count == 1 and count <= limits.max_segment_count:
        assert all(one.point_count == 1 for one in even.segments)
    same = narrow_sweep(plan, None, resonant_frequency_hz=f0_hz, loaded_q=loaded_q)
    assert same is plan


def test_few_linear_segments_still_crowd_the_mode():
    plan = make_plan(5e9 - 5e6, 5e9 + 5e6, 41)
    limits = SegmentLimits(max_segment_count=7)
    even = narrow_sweep(plan, limits, resonant_frequency_hz=5e9, loaded_q=5000.0)
    steps = np.diff(axis_of(even))
    assert steps[20] < steps[0] / 10


def test_durations_count_each_segments_own_filter():
    window = FineWindow(
        resonant_frequency_hz=5e9,
        loaded_q=5000.0,
        span_linewidths=10.0,
        point_count=100,
        if_bandwidth_hz=100.0,
        source_power_dbm=-10.0,
    )
    (plan,) = fine_sweeps(make_plan(), window, SegmentLimits(max_segment_count=201))
    assert plan.duration_s == pytest.approx(301 / 1000 + 100 / 100)
    assert plan.largest_power_dbm == -10.0


@pytest.mark.parametrize(
    ("start_hz", "stop_hz", "count"),
    [(5e9, 5e9, 2), (5e9, 6e9, 1), (6e9, 5e9, 2), (0.0, 5e9, 2)],
)
def test_segment_that_no_vna_could_sweep_is_refused(start_hz, stop_hz, count):
    with pytest.raises(MeasurementError, match="segments"):
        SweepSegment(
            start_frequency_hz=start_hz, stop_frequency_hz=stop_hz, point_count=count
        )


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([(4e9, 5e9, 200), (5e9, 8e9, 201)], "above the last"),
        ([(4e9, 5e9, 200), (6e9, 7e9, 201)], "the plan from"),
        ([(4e9, 5e9, 200), (6e9, 8e9, 200)], "point_count says 401"),
    ],
)
def test_segments_that_do_not_make_up_the_axis_are_refused(rows, reason):
    segments = tuple(
        SweepSegment(start_frequency_hz=a, stop_frequency_hz=b, point_count=n)
        for a, b, n in rows
    )
    with pytest.raises(MeasurementError, match=reason):
        SweepPlan(
            cavity="cavity-1",
            purpose=SweepPurpose.WIDE,
            start_frequency_hz=4e9,
            stop_frequency_hz=8e9,
            point_count=401,
            s_parameters=("S21",),
            if_bandwidth_hz=1000.0,
            source_power_dbm=-20.0,
            segments=segments,
        )
