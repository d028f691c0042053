"""Which class a sweep is of, in the words of a diagnosis."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.calibration import ClassCalibration
from models.calibration.presence import parts_of
from models.diagnosis import UNKNOWN, Classification, EstimateState
from models.fingerprint import FingerprintJudgement
from models.serving.trained import HEALTHY

Reals = npt.NDArray[np.float64]

TOP_COUNT = 3
"""Classes that are listed with their probabilities."""


def word_classes(
    probabilities: Reals,
    labels: tuple[str, ...],
    calibration: ClassCalibration,
    *,
    strange: bool,
) -> Classification:
    """Word one row of class probabilities, shape (class,)."""
    order = np.argsort(-probabilities, kind="stable")
    best = int(order[0])
    known = probabilities[best] >= calibration.unknown_threshold and not strange
    chosen = {
        int(index)
        for index in order
        if probabilities[index] >= calibration.set_threshold
    }
    if known:
        chosen.add(best)
    return Classification(
        state=EstimateState.ESTIMATED,
        label=labels[best] if known else UNKNOWN,
        probability=float(probabilities[best]),
        conformal_set=tuple(labels[int(index)] for index in order if index in chosen),
        top=top_of(probabilities, labels),
    )


def with_presence(
    classes: Classification, said: Reals, least: Reals, labels: tuple[str, ...]
) -> Classification:
    """Add which conditions are there, each for itself.

    What a sweep is said to be, is there at least as surely. The set holds what its own
    calibration promises, whatever the label.

    Parameters
    ----------
    said, least
        Probability of each, and from which on the set holds it, shape (condition,).
    """
    parts = parts_of(labels, HEALTHY)
    named = set(parts_of((classes.label,), HEALTHY)) & set(parts)
    label_share = classes.probability or 0.0
    return replace(
        classes,
        present={
            part: max(float(each), label_share if part in named else 0.0)
            for part, each in zip(parts, said, strict=True)
        },
        present_set=tuple(
            part
            for part, each, enough in zip(parts, said, least, strict=True)
            if each >= enough
        ),
    )


def word_part(judged: FingerprintJudgement, labels: Sequence[str]) -> Classification:
    """Word one judgement; the set keeps its promise where nothing new came."""
    top = top_of(judged.probabilities, labels)
    return Classification(
        state=EstimateState.ESTIMATED,
        label=judged.component,
        probability=top[0][1],
        conformal_set=judged.conformal_set,
        top=top,
    )


def word_best(shares: Reals, labels: Sequence[str]) -> Classification:
    """Word one row of class probabilities of which no set is promised."""
    top = top_of(shares, labels)
    return Classification(
        state=EstimateState.ESTIMATED, label=top[0][0], probability=top[0][1], top=top
    )


def top_of(shares: Reals, labels: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Return the most probable classes with their shares of shape (class,)."""
    order = np.argsort(-shares, kind="stable")
    return tuple((labels[int(i)], float(shares[i])) for i in order[:TOP_COUNT])
