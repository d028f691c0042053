"""Trends of a cavity over time, decimated without losing an excursion."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from service.operations.decimation import min_max_indices
from service.storage.engine import Database
from service.storage.trends import read_trend

_QUANTILES = ("temperature_k", "magnetic_field_tesla")
_FITTED = ("resonant_frequency_hz", "loaded_q", "coupling_beta")

RESOLUTIONS = {0: "point", 60: "minute", 3600: "hour", 86_400: "day"}
"""Tier in seconds to its name."""

ROWS_PER_POINT = 4
"""Rows that are read for each point that is asked for, before a coarser tier is."""

LEAST_ROWS = 2000
"""Rows that are read in any case."""


def cavity_trends(
    database: Database,
    cavity: str,
    *,
    measured_from: datetime | None,
    measured_to: datetime | None,
    points: int,
) -> dict[str, Any]:
    """Return the trend of every estimate of a cavity.

    Parameters
    ----------
    points
        Most points of one trend; extremes survive the choice, also where roll-ups
        stand for the points.

    Returns
    -------
    dict
        Quantity to lists: ``time`` in seconds since 1970 and the values, None
        where nothing was estimated; and ``resolution``, quantity to the name of
        its tier.
    """
    found: dict[str, Any] = {"resolution": {}}
    with database.read() as transaction:
        for name in (*_QUANTILES, *_FITTED):
            tier_s, rows = read_trend(
                transaction,
                cavity,
                name,
                measured_from=measured_from,
                measured_to=measured_to,
                most_rows=max(LEAST_ROWS, ROWS_PER_POINT * points),
            )
            found["resolution"][name] = RESOLUTIONS[tier_s]
            found[name] = _trend(name, _table(tier_s, rows), points)
    return found


def _table(tier_s: int, rows: Sequence[Any]) -> npt.NDArray[np.float64]:
    """Return columns time_s, value, low, high, sigma, shape (row, 5)."""
    if tier_s == 0:
        table = [(r.at_us / 1e6, r.value, r.low, r.high, r.sigma) for r in rows]
        return np.array(table, dtype=np.float64).reshape(len(rows), 5)
    table = []
    for row in rows:
        spread = (row.low, row.high, row.sigma)
        if not row.count:
            table.append((row.start_us / 1e6, None, *spread))
            continue
        ends = {row.minimum_at_us: row.minimum, row.maximum_at_us: row.maximum}
        table += [(at_us / 1e6, ends[at_us], *spread) for at_us in sorted(ends)]
    return np.array(table, dtype=np.float64).reshape(len(table), 5)


def _trend(
    name: str, table: npt.NDArray[np.float64], points: int
) -> dict[str, list[float | None]]:
    chosen = min_max_indices([table[:, 1]], points)
    time_s, value, low, high, sigma = (
        [None if np.isnan(one) else one for one in column]
        for column in table[chosen].T.tolist()
    )
    if name in _QUANTILES:
        return {"time": time_s, "median": value, "p05": low, "p95": high}
    return {"time": time_s, "value": value, "sigma": sigma}
