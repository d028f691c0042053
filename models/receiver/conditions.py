"""How a condition is learnt: each sweep named by what the other cycles teach."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration.scaling import fit_temperature, softmax
from models.coordinates.signal import Reals
from models.receiver.softmax import SoftmaxHead, fit_softmax

PENALTIES = (1e-3, 1e-2, 1e-1)
"""Penalties of the condition head that are tried."""

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class NamedSweeps:
    """Sweeps that teach conditions; the first axis of each is the sweep.

    Attributes
    ----------
    features
        As from :func:`models.receiver.features.condition_features`.
    condition
        Number of the condition, -1 where unknown.
    fold
        Group of cycles that a sweep is left out with.
    class_count
        Conditions that have a head.
    """

    features: Reals
    condition: Indices
    fold: Indices
    class_count: int


def learn_condition(
    taught: NamedSweeps,
) -> tuple[SoftmaxHead | None, float, Reals]:
    """Return the head, its temperature, and the logits of left-out sweeps over it."""
    classes = taught.class_count
    labelled = taught.condition >= 0
    truth = taught.condition[labelled]
    if classes < 2 or np.unique(truth).size < 2:
        return None, 1.0, np.zeros((labelled.size, classes))
    best: tuple[float, float, Reals, float] | None = None
    for penalty in PENALTIES:
        logits = _left_out_logits(taught, penalty)
        temperature = fit_temperature(logits[labelled], np.eye(classes)[truth])
        loss = balanced_loss(softmax(logits[labelled], temperature), truth)
        if best is None or loss < best[0]:
            best = (loss, penalty, logits, temperature)
    assert best is not None
    _, penalty, logits, temperature = best
    head = fit_softmax(taught.features[labelled], truth, classes, penalty)
    return head, temperature, logits / temperature


def balanced_loss(shares: Reals, truth: Indices) -> float:
    """Return the log loss of probabilities, every class counting alike.

    Parameters
    ----------
    shares
        Shape (sweep, class).
    truth
        True class of each sweep, shape (sweep,).
    """
    of_truth = -np.log(np.maximum(shares[np.arange(truth.size), truth], 1e-9))
    return float(np.mean([of_truth[truth == each].mean() for each in np.unique(truth)]))


def _left_out_logits(taught: NamedSweeps, penalty: float) -> Reals:
    logits = np.zeros((taught.fold.size, taught.class_count))
    for index in np.unique(taught.fold):
        out = taught.fold == index
        known = (taught.condition >= 0) & (~out if not out.all() else out)
        head = fit_softmax(
            taught.features[known],
            taught.condition[known],
            taught.class_count,
            penalty,
        )
        logits[out] = head.logits(taught.features[out])
    return logits
