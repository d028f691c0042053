"""Where to put the points of a sweep around a mode.

A resonator's phase turns by 2 pi within a few linewidths, phi = 2 atan(2 Q_L (f - f0) /
f0), and little outside. Points that are even in phi lie densest where f0 and Q_L are
decided.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from instruments.measurement.plan import SweepPlan, SweepSegment
from instruments.measurement.sweep import SweepPurpose

_RESOLUTION_HZ = 1.0
_FEWEST_OUTSIDE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLimits:
    """What the segment table of a VNA takes.

    Attributes
    ----------
    max_segment_count
        Rows.
    least_point_count
        Points that a row must have; 1 where a row may be a single frequency.
    has_own_settings
        Whether a row has an IF bandwidth and a source power of its own.
    """

    max_segment_count: int
    least_point_count: int = 2
    has_own_settings: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FineWindow:
    """The stretch around a mode that deserves closer points.

    Attributes
    ----------
    resonant_frequency_hz, loaded_q
        The mode.
    span_linewidths
        Width in units of f0 / Q_L.
    point_count
        Points inside.
    if_bandwidth_hz, source_power_dbm
        Only of these points; None for those of the plan.
    """

    resonant_frequency_hz: float
    loaded_q: float
    span_linewidths: float
    point_count: int
    if_bandwidth_hz: float | None = None
    source_power_dbm: float | None = None


def phase_points(
    start_frequency_hz: float,
    stop_frequency_hz: float,
    point_count: int,
    *,
    resonant_frequency_hz: float,
    loaded_q: float,
) -> npt.NDArray[np.float64]:
    """Place points evenly in the phase of a resonance.

    Returns
    -------
    numpy.ndarray
        Frequencies in Hz, shape (point_count,), strictly rising, with both ends; whole
        Hz where they lie far enough apart.
    """
    slope = 2.0 * loaded_q / resonant_frequency_hz
    ends = np.array([start_frequency_hz, stop_frequency_hz])
    half_phase = np.arctan(slope * (ends - resonant_frequency_hz))
    even = np.linspace(half_phase[0], half_phase[1], point_count)
    points = resonant_frequency_hz + np.tan(even) / slope
    points[0], points[-1] = ends
    if np.diff(points).min(initial=np.inf) > 2.0 * _RESOLUTION_HZ:
        points[1:-1] = np.round(points[1:-1])
    if not (np.diff(points) > 0.0).all():
        return np.linspace(start_frequency_hz, stop_frequency_hz, point_count)
    return points


def narrow_sweep(
    plan: SweepPlan,
    limits: SegmentLimits | None,
    *,
    resonant_frequency_hz: float,
    loaded_q: float,
) -> SweepPlan:
    """Spread the points of a linear plan evenly in phase, as far as a VNA can.

    Returns
    -------
    SweepPlan
        With segments; the plan itself where ``limits`` is None.
    """
    if limits is None:
        return plan
    points = phase_points(
        plan.start_frequency_hz,
        plan.stop_frequency_hz,
        plan.point_count,
        resonant_frequency_hz=resonant_frequency_hz,
        loaded_q=loaded_q,
    )
    return replace(plan, segments=_rows(points, limits, limits.max_segment_count))


def fine_sweeps(
    plan: SweepPlan,
    window: FineWindow,
    limits: SegmentLimits | None,
    *,
    narrow_purpose: SweepPurpose = SweepPurpose.TRANSMISSION,
) -> tuple[SweepPlan, ...]:
    """Give a wide plan closer points around a mode: coarse, fine, coarse.

    Parameters
    ----------
    plan
        A linear plan; its points are shared out, none are added.
    window
        Where the closer points go; clipped to the plan's band.
    limits
        Segment table of the VNA; None where it has none.
    narrow_purpose
        Of the second plan, where it takes two.

    Returns
    -------
    tuple of SweepPlan
        One plan with segments; a wide and a narrow linear one where ``limits`` is None;
        the plan itself where the mode lies outside of its band.
    """
    half_hz = (
        0.5 * window.span_linewidths * window.resonant_frequency_hz / window.loaded_q
    )
    lower_hz = max(window.resonant_frequency_hz - half_hz, plan.start_frequency_hz)
    upper_hz = min(window.resonant_frequency_hz + half_hz, plan.stop_frequency_hz)
    outside_count = plan.point_count - window.point_count
    if lower_hz >= upper_hz or outside_count < 2 * _FEWEST_OUTSIDE:
        return (plan,)
    if limits is None:
        return _two_plans(plan, window, (lower_hz, upper_hz), narrow_purpose)
    points = phase_points(
        lower_hz,
        upper_hz,
        window.point_count,
        resonant_frequency_hz=window.resonant_frequency_hz,
        loaded_q=window.loaded_q,
    )
    below, above = _outside(plan, lower_hz, upper_hz, outside_count)
    rows = limits.max_segment_count - len(below) - len(above)
    fine = _rows(points, limits, rows)
    if limits.has_own_settings:
        fine = tuple(
            replace(
                row,
                if_bandwidth_hz=window.if_bandwidth_hz,
                source_power_dbm=window.source_power_dbm,
            )
            for row in fine
        )
    return (_with_segments(plan, (*below, *fine, *above)),)


def _two_plans(
    plan: SweepPlan,
    window: FineWindow,
    ends_hz: tuple[float, float],
    narrow_purpose: SweepPurpose,
) -> tuple[SweepPlan, SweepPlan]:
    wide = replace(plan, point_count=plan.point_count - window.point_count)
    narrow = replace(
        plan,
        purpose=narrow_purpose,
        start_frequency_hz=ends_hz[0],
        stop_frequency_hz=ends_hz[1],
        point_count=window.point_count,
        if_bandwidth_hz=window.if_bandwidth_hz or plan.if_bandwidth_hz,
        source_power_dbm=(
            plan.source_power_dbm
            if window.source_power_dbm is None
            else window.source_power_dbm
        ),
    )
    return wide, narrow


def _outside(
    plan: SweepPlan, lower_hz: float, upper_hz: float, point_count: int
) -> tuple[tuple[SweepSegment, ...], tuple[SweepSegment, ...]]:
    # The last point of each side keeps one coarse step from the window.
    left_hz = lower_hz - plan.start_frequency_hz
    right_hz = plan.stop_frequency_hz - upper_hz
    if left_hz + right_hz <= 0.0:
        return (), ()
    left_count = round(point_count * left_hz / (left_hz + right_hz))
    left_count = min(max(left_count, _FEWEST_OUTSIDE), point_count - _FEWEST_OUTSIDE)
    if left_hz <= 0.0:
        left_count = 0
    if right_hz <= 0.0:
        left_count = point_count
    below = np.linspace(plan.start_frequency_hz, lower_hz, left_count + 1)[:-1]
    right_count = point_count - left_count
    above = np.linspace(upper_hz, plan.stop_frequency_hz, right_count + 1)[1:]
    return _stretch(below), _stretch(above)


def _stretch(points: npt.NDArray[np.float64]) -> tuple[SweepSegment, ...]:
    if points.size == 0:
        return ()
    return (
        SweepSegment(
            start_frequency_hz=float(points[0]),
            stop_frequency_hz=float(points[-1]),
            point_count=int(points.size),
        ),
    )


def _rows(
    points: npt.NDArray[np.float64], limits: SegmentLimits, row_count: int
) -> tuple[SweepSegment, ...]:
    """Share points out to rows: one each where that is allowed, else a few linear."""
    is_single = limits.least_point_count == 1 and points.size <= row_count
    least = 1 if is_single else max(limits.least_point_count, 2)
    count = max(1, min(row_count, points.size // least))
    return tuple(
        row for part in np.array_split(points, count) for row in _stretch(part)
    )


def _with_segments(plan: SweepPlan, segments: tuple[SweepSegment, ...]) -> SweepPlan:
    return replace(
        plan,
        start_frequency_hz=segments[0].start_frequency_hz,
        stop_frequency_hz=segments[-1].stop_frequency_hz,
        point_count=sum(one.point_count for one in segments),
        segments=segments,
    )
