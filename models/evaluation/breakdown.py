"""Scores overall, per thermal cycle and per temperature band, with error bars."""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.evaluation.predictions import Predictions
from models.evaluation.scores import headline, headline_score, score
from models.training.corpus import Corpus

TEMPERATURE_BANDS_K = ((0.0, 4.0), (4.0, 15.0), (15.0, 40.0), (40.0, 1000.0))
"""Bands of the true temperature in K."""

BOOTSTRAP_COUNT = 500
"""Resamplings of whole cycles."""

_LEAST_BAND = 5


def break_down(predictions: Predictions, corpus: Corpus) -> dict[str, Any]:
    """Score predictions overall, per cycle and per temperature band.

    Returns
    -------
    dict
        ``overall`` with ``interval_90`` of its headline score (bootstrap over whole
        cycles; null with one cycle), ``per_cycle`` and ``per_temperature_band``.
    """
    everything = np.arange(predictions.rows.size)
    if everything.size == 0:
        return {"sweeps": 0}
    cycles = corpus.thermal_cycle[predictions.rows]
    return {
        "sweeps": int(everything.size),
        "cycles": int(np.unique(cycles).size),
        "headline": headline(predictions),
        "overall": score(predictions, everything),
        "interval_90": _bootstrap(predictions, cycles),
        "per_cycle": {
            str(cycle): score(predictions, np.flatnonzero(cycles == cycle))
            for cycle in np.unique(cycles)
        },
        "per_temperature_band": _per_band(predictions, corpus),
    }


def _per_band(predictions: Predictions, corpus: Corpus) -> dict[str, Any]:
    temperature_k = corpus.numbers["temperature_k"][predictions.rows]
    found = {}
    for low_k, high_k in TEMPERATURE_BANDS_K:
        with np.errstate(invalid="ignore"):
            inside = np.flatnonzero((temperature_k >= low_k) & (temperature_k < high_k))
        if inside.size >= _LEAST_BAND:
            found[f"{low_k:g}-{high_k:g} K"] = {
                "sweeps": int(inside.size),
                **score(predictions, inside),
            }
    return found


def _bootstrap(
    predictions: Predictions, cycles: npt.NDArray[np.str_]
) -> list[float] | None:
    names = np.unique(cycles)
    if names.size < 2:
        return None
    rng = np.random.default_rng(20260131)
    members = [np.flatnonzero(cycles == name) for name in names]
    values = []
    for _ in range(BOOTSTRAP_COUNT):
        drawn = rng.integers(names.size, size=names.size)
        chosen = np.concatenate([members[index] for index in drawn])
        values.append(headline_score(predictions, chosen))
    return [float(value) for value in np.quantile(values, [0.05, 0.95])]
