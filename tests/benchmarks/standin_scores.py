"""What diagnoses of a stand-in receiver are worth: errors, states and intervals."""

from dataclasses import replace

import numpy as np
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from models.diagnosis import EstimateState

WARM_K = 10.0
"""Above it a receiver tells its temperature, saturated or not."""


def scores_of(archive, diagnoses):
    """Score diagnoses against the labels; healthy sweeps count for the scalars."""
    taught = ~archive.is_reference
    healthy = taught & (archive.condition == "healthy")
    row = _scalar(archive, diagnoses, healthy, "temperature_k", np.log10)
    field = _scalar(archive, diagnoses, healthy, "magnetic_field_tesla", lambda b: b)
    row |= {"field_rms_mt": 1e3 * field.pop("rms")} | field
    best = np.array([each.condition.top[0][0] for each in diagnoses])
    well = np.array(
        [dict(each.condition.top).get("healthy", 0.0) for each in diagnoses]
    )
    condition = archive.condition[taught]
    row["balanced_accuracy"] = float(balanced_accuracy_score(condition, best[taught]))
    auroc = roc_auc_score(condition != "healthy", 1 - well[taught])
    row["detection_auroc"] = float(auroc)
    return row


def without_trace(archive, index):
    """Return an archive whose sweeps lack a trace, though its references do not."""
    samples = archive.s.copy()
    samples[~archive.is_reference, index] = np.nan
    return replace(archive, s=samples)


def _scalar(archive, diagnoses, healthy, target, place):
    told = np.array(
        [getattr(each, target).state is EstimateState.ESTIMATED for each in diagnoses]
    )
    median = _numbers(diagnoses, target, "median")
    truth = getattr(archive, target)
    warm = healthy & (archive.temperature_k > WARM_K)
    error = place(median) - place(truth)
    row = _coverage(archive, diagnoses, healthy, target)
    if target == "temperature_k":
        return row | {
            "told_above_10_k": float(told[warm].mean()),
            "told_below_4_k": float(told[healthy & (archive.temperature_k < 4)].mean()),
            "rms_dex": _rms(error[healthy & told]),
            "rms_above_10_k_dex": _rms(error[warm & told]),
        }
    return row | {
        f"{target}_told": float(told[healthy].mean()),
        "rms": _rms(error[healthy & told]),
    }


def _coverage(archive, diagnoses, healthy, target):
    """Return how often 90 % intervals hold; a sweep without one counts as a miss."""
    truth = getattr(archive, target)
    low, high = (_numbers(diagnoses, target, name) for name in ("p05", "p95"))
    inside = (low <= truth) & (truth <= high)
    given = np.isfinite(low)
    cycles = np.unique(archive.thermal_cycle)
    by_cycle = [inside[healthy & (archive.thermal_cycle == each)] for each in cycles]
    return {
        f"{target}_given": float(given[healthy].mean()),
        f"{target}_coverage_90": float(inside[healthy].mean()),
        f"{target}_coverage_90_of_given": float(inside[healthy & given].mean()),
        f"{target}_coverage_90_worst_cycle": float(
            min(each.mean() for each in by_cycle)
        ),
    }


def _rms(error):
    return float(np.sqrt(np.mean(error**2))) if error.size else None


def _numbers(diagnoses, target, name):
    values = [getattr(getattr(each, target), name) for each in diagnoses]
    return np.array([np.nan if value is None else value for value in values])
