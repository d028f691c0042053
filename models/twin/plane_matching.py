"""Described planes that explain an echo."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from models.twin.line_map import DESCRIBED_SIGMA_S, LineMap

_FARTHEST_SIGMAS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneMatch:
    """A described plane that explains an echo.

    Attributes
    ----------
    line, connector_index
        Which connector.
    partner_index
        The plane of the same line that it rings with; None for a reflection.
    distance_m
        Its distance from the line's near end in m.
    departure_sigma
        How far the echo is from it, in standard deviations.
    """

    line: str
    connector_index: int
    partner_index: int | None
    distance_m: float
    departure_sigma: float


def delay_sigma_s(
    made: LineMap, way_s: float, jitter_s: float, fitted_s: float | None
) -> float:
    """Return the standard deviation of a plane's one-way delay and the echo's in s."""
    if fitted_s is not None:
        return float(np.hypot(jitter_s, fitted_s))
    described_s = float(np.interp(way_s, made.delay_s, made.delay_sigma_s))
    return float(np.hypot(jitter_s, described_s))


def planes_near(
    made: LineMap,
    way_s: float,
    jitter_s: float,
    fitted_s: float | None,
    *,
    is_reversed: bool,
) -> list[PlaneMatch]:
    """Return the planes of a line near a one-way delay in s, the best first."""
    count = made.delay_s.size
    found = []
    for index in range(count):
        sigma_s = delay_sigma_s(made, float(made.delay_s[index]), jitter_s, fitted_s)
        departure = abs(way_s - float(made.delay_s[index])) / sigma_s
        if departure < _FARTHEST_SIGMAS:
            found.append(
                PlaneMatch(
                    line=made.line,
                    connector_index=count - 1 - index if is_reversed else index,
                    partner_index=None,
                    distance_m=float(made.distance_m[index]),
                    departure_sigma=departure,
                )
            )
    return sorted(found, key=lambda match: match.departure_sigma)


def pairs_near(
    made: LineMap, way_s: float, jitter_s: float, fitted_s: float | None
) -> list[PlaneMatch]:
    """Return the pairs of planes whose distance in s is near a delay."""
    found = []
    for first, last in combinations(range(made.delay_s.size), 2):
        between_s = float(made.delay_s[last] - made.delay_s[first])
        spread_s = DESCRIBED_SIGMA_S * np.sqrt(last - first)
        sigma_s = float(np.hypot(jitter_s, spread_s if fitted_s is None else fitted_s))
        departure = abs(way_s - between_s) / sigma_s
        if between_s > 0.0 and departure < _FARTHEST_SIGMAS:
            found.append(
                PlaneMatch(
                    line=made.line,
                    connector_index=last,
                    partner_index=first,
                    distance_m=float(made.distance_m[last]),
                    departure_sigma=departure,
                )
            )
    return found
