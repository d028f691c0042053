"""How near estimates come to what physics allows (Cramér-Rao bound of the twin)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evaluation.predictions import ScalarPredictions, ranked_sweeps
from models.networks.density import Coordinate
from models.training.corpus import Corpus
from models.twin.limits_map import Aid, Limit

ABOVE_K = 4.0
"""Colder receivers hardly tell their temperature; they are left out."""

_BIN_SWEEPS = 12
_MOST_BINS = 10

Reals = npt.NDArray[np.float64]


def distance_to_bound(
    predictions: ScalarPredictions, corpus: Corpus, limits: Sequence[Limit]
) -> dict[str, Any]:
    """Compare errors with the bound where the twin made the sweeps.

    Healthy sweeps above 4 K are put into bins of like temperature; each bin has the
    rms of its errors and of its bounds, with a reference in the cycle.

    Parameters
    ----------
    limits
        Of the receiver that made the sweeps, at several temperatures, with a reference.

    Returns
    -------
    dict
        ``bins`` with ``temperature_k``, ``rms_error``, ``bound`` and ``ratio``, in dex
        for temperature and tesla for field; ``median_ratio``, None without bins.
    """
    rows = predictions.rows
    temperature_k = corpus.numbers["temperature_k"][rows]
    field_tesla = np.nan_to_num(corpus.numbers["magnetic_field_tesla"][rows])
    logarithmic = predictions.grid.coordinate is Coordinate.LOG10
    grid = predictions.grid
    error = predictions.estimate - predictions.truth
    if not logarithmic:
        error = grid.value(predictions.estimate) - grid.value(predictions.truth)
    bound = _bounds(limits, temperature_k, field_tesla, logarithmic=logarithmic)
    with np.errstate(invalid="ignore"):
        kept = ranked_sweeps(predictions, corpus) & (temperature_k >= ABOVE_K)
    places = np.flatnonzero(kept & np.isfinite(bound))
    places = places[np.argsort(temperature_k[places], kind="stable")]
    count = min(places.size // _BIN_SWEEPS, _MOST_BINS)
    bins = [
        {
            "temperature_k": float(np.median(temperature_k[part])),
            "sweeps": int(part.size),
            "rms_error": float(np.sqrt(np.mean(error[part] ** 2))),
            "bound": float(np.sqrt(np.mean(bound[part] ** 2))),
        }
        for part in (np.array_split(places, count) if count else [])
    ]
    for one in bins:
        one["ratio"] = one["rms_error"] / one["bound"]
    ratios = [one["ratio"] for one in bins]
    return {
        "unit": "dex" if logarithmic else "tesla",
        "bins": bins,
        "median_ratio": float(np.median(ratios)) if ratios else None,
    }


def _bounds(
    limits: Sequence[Limit],
    temperature_k: Reals,
    field_tesla: Reals,
    *,
    logarithmic: bool,
) -> Reals:
    """Interpolate the bound along log T at the nearest field, shape (sweep,)."""
    fields = np.unique([one.magnetic_field_tesla for one in limits])
    nearest = np.abs(np.abs(field_tesla)[:, None] - fields).argmin(axis=1)
    found = np.full(temperature_k.size, np.nan)
    for number, field in enumerate(fields):
        known = sorted(
            (one.temperature_k, sigma)
            for one in limits
            if one.aid is Aid.REFERENCE
            and one.magnetic_field_tesla == field
            and (sigma := _sigma(one, logarithmic=logarithmic)) is not None
        )
        own = nearest == number
        if not known or not own.any():
            continue
        at_k, sigma = np.array(known).T
        with np.errstate(invalid="ignore", divide="ignore"):
            logs = np.interp(np.log(temperature_k[own]), np.log(at_k), np.log(sigma))
        found[own] = np.exp(logs)
    return found


def _sigma(limit: Limit, *, logarithmic: bool) -> float | None:
    return limit.log10_temperature_sigma if logarithmic else limit.field_sigma_tesla
