"""How severe a failure must be to be found nine times in ten."""

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.stats
from sklearn.isotonic import IsotonicRegression

from models.diagnosis import LABEL
from models.evaluation.predictions import ClassPredictions
from models.evaluation.weighted import wilson_interval
from models.serving.trained import HEALTHY
from models.training.corpus import Corpus

SEVERITY = LABEL + "severity"
"""Where a corpus keeps how severe the failure of a sweep is."""

PROBABILITY = 0.9
"""How often a failure has to be found."""

LEAST_SWEEPS = 10
"""Sweeps of a failure without which nothing is said of it."""

CURVE_BINS = 8
"""Steps of the curve that is drawn, each of as many sweeps."""

_DOUBT = 0.05
# The fewest sweeps that can show 0.9, all found, and more that forgive a few misses.
_BLOCKS = (29, 46, 61, 76, 89)

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def score_severity(predictions: ClassPredictions, corpus: Corpus) -> dict[str, Any]:
    """Score how severe each failure must be, where the archive tells severities.

    Returns
    -------
    dict
        Failure to ``sweeps``, ``cycles``, ``detected`` (judged other than healthy) and
        ``named`` (by its own name), each as :func:`severity_found` tells. Empty without
        a label ``severity`` or healthy sweeps.
    """
    known = corpus.numbers.get(SEVERITY)
    if known is None or HEALTHY not in predictions.labels:
        return {}
    severity = known[predictions.rows]
    cycles = corpus.thermal_cycle[predictions.rows]
    said = predictions.probabilities.argmax(axis=1)
    healthy = predictions.labels.index(HEALTHY)
    found: dict[str, Any] = {}
    for index, label in enumerate(predictions.labels):
        own = (predictions.truth == index) & np.isfinite(severity) & (severity > 0.0)
        if index == healthy or own.sum() < LEAST_SWEEPS:
            continue
        found[label] = {
            "sweeps": int(own.sum()),
            "cycles": int(np.unique(cycles[own]).size),
            "detected": severity_found(severity[own], said[own] != healthy),
            "named": severity_found(severity[own], said[own] == index),
        }
    return found


def severity_found(severity: Reals, is_found: Flags) -> dict[str, Any]:
    """Tell the severity from which on a failure is found nine times in ten.

    Parameters
    ----------
    severity, is_found
        Of sweeps with the failure, shape (sweep,).

    Returns
    -------
    dict
        ``severity_90``, where isotonic regression reaches 0.9 for good; None where
        fewer than ten sweeps lie there. ``interval_90``, ends None where sweeps show
        none. ``curve``: ``severity`` (median), ``share``, ``wilson_95`` and ``sweeps``
        of each step.

    Notes
    -----
    The interval is exact for any rising curve and any number of sweeps, taken as
    independent. Blocks of sweeps are tested from the most severe downwards, and from
    the least severe upwards: no sweep at or below a severity is found more often than
    one at it, so as many found as the binomial law gives 0.9 once in twenty show that
    it lies above 0.9. The first block that does not show it ends the walk, which is why
    nothing has to be paid for many tests.
    """
    order = np.argsort(severity, kind="stable")
    severity, is_found = severity[order], is_found[order]
    rising = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    shares = rising.fit(severity, is_found.astype(np.float64)).predict(severity)
    above = np.flatnonzero(shares >= PROBABILITY)
    return {
        "severity_90": (
            float(severity[above[0]]) if above.size >= LEAST_SWEEPS else None
        ),
        "interval_90": [_lowest(severity, is_found), _highest(severity, is_found)],
        "curve": _curve(severity, is_found),
    }


def _highest(severity: Reals, is_found: Flags) -> float | None:
    """Return what 0.9 is reached at or below, with a doubt of one in twenty."""
    block = _block(severity.size)
    needed = int(scipy.stats.binom.isf(_DOUBT, block, PROBABILITY)) + 1
    shown = None
    for stop in range(severity.size, block - 1, -1):
        # Alike severities stand or fall together.
        if stop < severity.size and severity[stop] == severity[stop - 1]:
            continue
        if int(is_found[stop - block : stop].sum()) < needed:
            break
        shown = float(severity[stop - 1])
    return shown


def _lowest(severity: Reals, is_found: Flags) -> float | None:
    """Return what 0.9 is reached above, with a doubt of one in twenty."""
    block = _block(severity.size)
    most = int(scipy.stats.binom.ppf(_DOUBT, block, PROBABILITY)) - 1
    shown = None
    for start in range(severity.size - block + 1):
        if start and severity[start] == severity[start - 1]:
            continue
        if int(is_found[start : start + block].sum()) > most:
            break
        shown = float(severity[start])
    return shown


def _block(count: int) -> int:
    """Return how many sweeps are tested at once; a third of all, if that shows any."""
    return max((size for size in _BLOCKS if 3 * size <= count), default=_BLOCKS[0])


def _curve(severity: Reals, is_found: Flags) -> list[dict[str, Any]]:
    found = []
    steps = min(CURVE_BINS, severity.size // (LEAST_SWEEPS // 2))
    for part in np.array_split(np.arange(severity.size), steps):
        hits = int(is_found[part].sum())
        found.append(
            {
                "severity": float(np.median(severity[part])),
                "share": hits / part.size,
                "wilson_95": list(wilson_interval(hits, part.size)),
                "sweeps": int(part.size),
            }
        )
    return found
