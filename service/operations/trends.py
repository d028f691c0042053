"""Trends of a cavity over time, decimated without losing an excursion."""

from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.measurement import SweepPurpose
from service.operations.decimation import min_max_indices
from service.storage.engine import Database
from service.storage.trends import trend

_QUANTILES = {
    "temperature_k": ("temperature_k", "temperature_p05_k", "temperature_p95_k"),
    "magnetic_field_tesla": (
        "magnetic_field_tesla",
        "magnetic_field_p05_tesla",
        "magnetic_field_p95_tesla",
    ),
}
_FITTED = {
    "resonant_frequency_hz": (
        ("resonant_frequency_hz", "resonant_frequency_sigma_hz"),
        (SweepPurpose.TRANSMISSION,),
    ),
    "loaded_q": (("loaded_q", "loaded_q_sigma"), (SweepPurpose.TRANSMISSION,)),
    "coupling_beta": (
        ("coupling_beta", "coupling_beta_sigma"),
        (SweepPurpose.REFLECTION,),
    ),
}


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
        Most points of one trend; extremes survive the choice.

    Returns
    -------
    dict
        Quantity to lists: ``time`` in seconds since 1970 and the values, None
        where nothing was estimated.
    """
    found: dict[str, Any] = {}
    span = {"measured_from": measured_from, "measured_to": measured_to}
    with database.read() as transaction:
        for name, columns in _QUANTILES.items():
            rows = trend(transaction, cavity, (SweepPurpose.WIDE,), columns, **span)
            found[name] = _decimated(rows, ("median", "p05", "p95"), points)
        for name, (pair, purposes) in _FITTED.items():
            rows = trend(transaction, cavity, purposes, pair, **span)
            found[name] = _decimated(rows, ("value", "sigma"), points)
    return found


def _decimated(
    rows: list[tuple[Any, ...]], names: tuple[str, ...], points: int
) -> dict[str, list[float | None]]:
    table: npt.NDArray[np.float64] = np.array(rows, dtype=np.float64).reshape(
        len(rows), 1 + len(names)
    )
    chosen = min_max_indices([table[:, 1]], points)
    columns: dict[str, list[float | None]] = {
        name: [
            None if np.isnan(value) else value for value in table[chosen, at].tolist()
        ]
        for at, name in enumerate(names, start=1)
    }
    return {"time": table[chosen, 0].tolist(), **columns}
