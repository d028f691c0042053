"""Where a new reflection sits: the time-domain transform of what changed in a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from instruments.simulation.physics.chain import OperatingPoint, ReceiverHardware
from models.twin.echo_transform import (
    LINES_PASSED,
    LINES_SEEN,
    Change,
    first_peak,
    transformed,
)
from models.twin.line_map import DESCRIBED_SIGMA_S, LineMap, map_line
from models.twin.plane_matching import (
    PlaneMatch,
    delay_sigma_s,
    pairs_near,
    planes_near,
)

_SHAPE_SHARE = 0.1
_END_SIGMAS = 3.0


class LocationState(StrEnum):
    """How a search for a new reflection ended."""

    LOCATED = "located"
    NO_NEW_REFLECTION = "no_new_reflection"
    BEYOND_LINE = "beyond_line"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLocation:
    """What was found in one trace.

    Attributes
    ----------
    state, reason
        Outcome, and one sentence.
    trace
        S-parameter.
    distance_m, sigma_m
        In a reflection: distance from the line's near end and its standard
        deviation. In a transmission: distance between the two planes that ring.
        None where nothing was located.
    echo_delay_s
        Two-way delay in s.
    height_ratio, threshold_ratio
        Height of the peak, and what noise and repeatability would hide.
    planes
        Described planes within three standard deviations, the best first.
    """

    state: LocationState
    reason: str
    trace: str
    distance_m: float | None
    sigma_m: float | None
    echo_delay_s: float | None
    height_ratio: float
    threshold_ratio: float
    planes: tuple[PlaneMatch, ...]


def locate(
    change: Change,
    hardware: ReceiverHardware,
    point: OperatingPoint,
    line_sigma_s: Mapping[str, float] | None = None,
) -> FaultLocation:
    """Locate a new reflection along the described lines.

    Parameters
    ----------
    hardware, point
        Described or fitted receiver and its state; they give the velocity.
    line_sigma_s
        Standard deviation of each line's delay in s, from a fit; without, that of a
        unit off the shelf.

    Notes
    -----
    A reflection's difference to its reference is transformed as it is, and its first
    strong peak is the plane: two-way delay. A transmission is divided by its
    reference; what rings between two planes comes twice their distance later.
    """
    is_reflection = change.trace in LINES_SEEN
    time_s, height, threshold = transformed(change, is_reflection=is_reflection)
    resolution_s = 1.0 / float(np.ptp(change.frequency_hz))
    earliest_s = -0.5 * resolution_s if is_reflection else 2.0 * resolution_s
    peak = first_peak(time_s, height, threshold, earliest_s)
    if peak is None:
        return _nothing(change, float(np.max(height)), threshold)
    delay_s, size = peak
    jitter_s = resolution_s * float(np.hypot(_SHAPE_SHARE, 0.1 * threshold / size))
    search = _in_reflection if is_reflection else _in_transmission
    found = search(change, hardware, point, (delay_s, jitter_s), line_sigma_s or {})
    return FaultLocation(
        trace=change.trace,
        echo_delay_s=delay_s,
        height_ratio=size,
        threshold_ratio=threshold,
        **found,
    )


def _nothing(change: Change, height: float, threshold: float) -> FaultLocation:
    return FaultLocation(
        state=LocationState.NO_NEW_REFLECTION,
        reason=(
            f"no new reflection: nothing in {change.trace} stands above"
            f" {threshold:.2g}, which noise and repeatability hide"
        ),
        trace=change.trace,
        distance_m=None,
        sigma_m=None,
        echo_delay_s=None,
        height_ratio=height,
        threshold_ratio=threshold,
        planes=(),
    )


def _in_reflection(
    change: Change,
    hardware: ReceiverHardware,
    point: OperatingPoint,
    echo_s: tuple[float, float],
    fitted: Mapping[str, float],
) -> dict[str, Any]:
    way_s, jitter_s = 0.5 * echo_s[0], 0.5 * echo_s[1]
    line, is_reversed = LINES_SEEN[change.trace]
    made = map_line(hardware, point, line, change.frequency_hz, is_reversed=is_reversed)
    known_s = fitted.get(line)
    planes = planes_near(made, way_s, jitter_s, known_s, is_reversed=is_reversed)
    sigma_s = delay_sigma_s(made, way_s, jitter_s, known_s)
    return _told(made, way_s, sigma_s, planes, "from the near end")


def _in_transmission(
    change: Change,
    hardware: ReceiverHardware,
    point: OperatingPoint,
    echo_s: tuple[float, float],
    fitted: Mapping[str, float],
) -> dict[str, Any]:
    way_s, jitter_s = 0.5 * echo_s[0], 0.5 * echo_s[1]
    maps = {
        line: map_line(hardware, point, line, change.frequency_hz)
        for line in LINES_PASSED[change.trace]
    }
    pairs = [
        match
        for line, made in maps.items()
        for match in pairs_near(made, way_s, jitter_s, fitted.get(line))
    ]
    pairs.sort(key=lambda match: match.departure_sigma)
    near = maps[pairs[0].line] if pairs else next(iter(maps.values()))
    spread_s = fitted.get(near.line, DESCRIBED_SIGMA_S)
    sigma_s = float(np.hypot(jitter_s, spread_s))
    return _told(near, way_s, sigma_s, pairs, "between two planes that ring")


def _told(
    made: LineMap,
    way_s: float,
    sigma_s: float,
    planes: list[PlaneMatch],
    where: str,
) -> dict[str, Any]:
    distance_m = made.distance_at(way_s)
    sigma_m = sigma_s * made.velocity_at(way_s)
    is_beyond = way_s > made.delay_s[-1] + _END_SIGMAS * sigma_s
    state = LocationState.BEYOND_LINE if is_beyond else LocationState.LOCATED
    text = (
        f"a new reflection {distance_m:.3f} +- {sigma_m:.3f} m {where} of {made.line}"
    )
    if is_beyond:
        text = (
            f"a new reflection beyond {made.line}, whose far end is"
            f" {made.distance_m[-1]:.2f} m away"
        )
    return {
        "state": state,
        "reason": text,
        "distance_m": distance_m,
        "sigma_m": sigma_m,
        "planes": tuple(planes),
    }
