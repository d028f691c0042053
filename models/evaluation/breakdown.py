"""Scores overall, per thermal cycle, per temperature band, with error bars."""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.evaluation.class_scores import ClassScorer
from models.evaluation.predictions import (
    Predictions,
    ScalarPredictions,
    ranked_sweeps,
)
from models.evaluation.scores import Scorer, one_row, scorer_of
from models.evaluation.weighted import DRAWS, Weighting
from models.serving.trained import HEALTHY
from models.training.corpus import Corpus

TEMPERATURE_BANDS_K = ((0.0, 4.0), (4.0, 10.0), (10.0, 40.0), (40.0, 1000.0))
"""Bands of the true temperature in K."""

WARM_K = 10.0
"""Above it a receiver's temperature shows in everything."""

FEW_CYCLES = 8
"""Below this number of test cycles no figure is a ranking."""

_LEAST_BAND = 5
_BAND_DRAWS = 500

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def break_down(
    predictions: Predictions,
    corpus: Corpus,
    *,
    draws: int = DRAWS,
    mean_crps: Reals | None = None,
) -> dict[str, Any]:
    """Score predictions overall, per cycle, per temperature band and per slice.

    Parameters
    ----------
    draws
        Bootstrap draws of whole cycles.
    mean_crps
        CRPS of predict-mean for the same sweeps, shape (sweep,).

    Returns
    -------
    dict
        ``overall`` with ``intervals_90`` of every score and ``interval_90`` of the
        headline score (bootstrap over whole cycles; null with one cycle),
        ``ranked``, the headline score of what models are ranked by (of a scalar the
        healthy sweeps); ``per_cycle``, ``per_temperature_band`` and ``slices``: the
        sweeps that are truly healthy, that the model gives an estimate for, and the
        warm ones.
    """
    count = predictions.rows.size
    if count == 0:
        return {"sweeps": 0}
    cycles = corpus.thermal_cycle[predictions.rows]
    scorer = scorer_of(predictions, mean_crps)
    names, one_each = Weighting.one_by_one(cycles)
    by_cycle = scorer.scores(one_each)
    whole = _part(scorer, np.ones(count, dtype=np.bool_), cycles, draws)
    found: dict[str, Any] = {
        "sweeps": whole.pop("sweeps"),
        "cycles": len(names),
        "headline": scorer.headline,
        "overall": whole["scores"],
        "interval_90": (whole["intervals_90"] or {}).get(scorer.headline),
        "intervals_90": whole["intervals_90"],
        "ranked": _ranked(scorer, ranked_sweeps(predictions, corpus), cycles, draws),
        "warning": _few(len(names)),
        "per_cycle": {name: one_row(by_cycle, row) for row, name in enumerate(names)},
        "per_temperature_band": _parts(scorer, _bands(predictions, corpus), cycles),
        "slices": _parts(scorer, _slices(predictions, corpus), cycles),
    }
    found["overall"] |= _worst(found["per_cycle"], cycles)
    if isinstance(predictions, ScalarPredictions) and predictions.estimated is not None:
        found["overall"]["estimated_share"] = float(predictions.estimated.mean())
    if isinstance(scorer, ClassScorer):
        found["classes"] = scorer.classes(cycles)
    return found


def _few(cycles: int) -> str | None:
    if cycles >= FEW_CYCLES:
        return None
    return f"insufficient cycles: {cycles} of the {FEW_CYCLES} that a ranking needs"


def _part(
    scorer: Scorer, kept: Flags, cycles: npt.NDArray[np.str_], draws: int
) -> dict[str, Any]:
    """Score the kept sweeps, and find intervals over cycles."""
    count = np.unique(cycles[kept]).size
    return {
        "sweeps": int(kept.sum()),
        "cycles": int(count),
        "scores": one_row(scorer.scores(Weighting.whole(kept)), 0),
        "intervals_90": (
            _intervals(scorer, kept, cycles, draws) if count > 1 else None
        ),
    }


def _ranked(
    scorer: Scorer, kept: Flags, cycles: npt.NDArray[np.str_], draws: int
) -> dict[str, Any]:
    name = scorer.headline
    value = float(scorer.headline_scores(Weighting.whole(kept))[0])
    found: dict[str, Any] = {"sweeps": int(kept.sum()), name: value}
    if not np.isfinite(value):
        return {"sweeps": 0}
    if np.unique(cycles[kept]).size < 2:
        return found | {"interval_90": None}
    drawn = np.concatenate(
        [
            scorer.headline_scores(weighting)
            for weighting in Weighting.resampled(cycles, kept, draws)
        ]
    )
    low, high = np.nanquantile(drawn, [0.05, 0.95])
    return found | {"interval_90": [float(low), float(high)]}


def _intervals(
    scorer: Scorer, kept: Flags, cycles: npt.NDArray[np.str_], draws: int
) -> dict[str, list[float]]:
    drawn: dict[str, list[Reals]] = {}
    for weighting in Weighting.resampled(cycles, kept, draws):
        for name, values in scorer.scores(weighting).items():
            drawn.setdefault(name, []).append(values)
    found = {}
    for name, parts in drawn.items():
        values = np.concatenate(parts)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = np.quantile(values, [0.05, 0.95])
            found[name] = [float(low), float(high)]
    return found


def _parts(
    scorer: Scorer, parts: dict[str, Flags], cycles: npt.NDArray[np.str_]
) -> dict[str, Any]:
    found = {}
    for name, inside in parts.items():
        if inside.sum() >= _LEAST_BAND:
            part = _part(scorer, inside, cycles, _BAND_DRAWS)
            found[name] = {
                "sweeps": part["sweeps"],
                "cycles": part["cycles"],
                **part["scores"],
                "intervals_90": part["intervals_90"],
            }
    return found


def _bands(predictions: Predictions, corpus: Corpus) -> dict[str, Flags]:
    temperature_k = corpus.numbers["temperature_k"][predictions.rows]
    with np.errstate(invalid="ignore"):
        return {
            f"{low_k:g}-{high_k:g} K": (temperature_k >= low_k)
            & (temperature_k < high_k)
            for low_k, high_k in TEMPERATURE_BANDS_K
        }


def _slices(predictions: Predictions, corpus: Corpus) -> dict[str, Flags]:
    rows = predictions.rows
    if not isinstance(predictions, ScalarPredictions):
        return {}
    condition = corpus.classes["condition"][rows]
    with np.errstate(invalid="ignore"):
        warm = corpus.numbers["temperature_k"][rows] >= WARM_K
    found = {f"{WARM_K:g} K and above": warm}
    estimated = predictions.estimated
    if estimated is not None:
        found["estimated"] = estimated
    healthy = condition == HEALTHY
    if healthy.any():
        found["healthy"] = healthy
        found[f"healthy, {WARM_K:g} K and above"] = healthy & warm
        if estimated is not None:
            found["healthy, estimated"] = healthy & estimated
    return found


def _worst(
    per_cycle: dict[str, dict[str, float]], cycles: npt.NDArray[np.str_]
) -> dict[str, float]:
    """Return the least coverage of any cycle that holds sweeps enough to say so."""
    large = [
        scores
        for name, scores in per_cycle.items()
        if (cycles == name).sum() >= _LEAST_BAND
    ]
    names = ("coverage_68", "coverage_90", "coverage_95", "set_coverage")
    return {
        f"{name}_worst_cycle": min(scores[name] for scores in large)
        for name in names
        if large and all(name in scores for scores in large)
    }
