"""A linear softmax head in closed storage: standardised inputs, weights, offsets."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp

from models.coordinates.signal import Reals, as_stored

_LARGEST_INPUT = 8.0
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SoftmaxHead:
    """Logits that are linear in standardised features.

    Attributes
    ----------
    centre, scale
        Of the features, shape (feature,).
    weight
        Shape (feature, class).
    offset
        Shape (class,).
    """

    centre: Reals
    scale: Reals
    weight: Reals
    offset: Reals

    def logits(self, features: Reals) -> Reals:
        """Return logits, shape (sweep, class)."""
        inputs = standardised(features, self.centre, self.scale)
        return np.asarray(inputs @ self.weight + self.offset)


def standardised(features: Reals, centre: Reals, scale: Reals) -> Reals:
    """Return standardised features, pressed to what training could hold."""
    return np.asarray(
        np.clip((features - centre) / scale, -_LARGEST_INPUT, _LARGEST_INPUT)
    )


def fit_softmax(
    features: Reals, truth: npt.NDArray[np.intp], classes: int, penalty: float
) -> SoftmaxHead:
    """Fit by penalised maximum likelihood, every class counting alike.

    Parameters
    ----------
    features
        Shape (sweep, feature).
    truth
        Class of each sweep, shape (sweep,).
    penalty
        On the squared weights, a sweep's share of the likelihood being one.
    """
    centre = features.mean(axis=0)
    scale = np.maximum(features.std(axis=0), 1e-6)
    inputs = standardised(features, centre, scale)
    counts = np.bincount(truth, minlength=classes)
    each = 1.0 / np.maximum(counts, 1)[truth]
    each /= each.sum()
    target = np.eye(classes)[truth]
    shape = (inputs.shape[1], classes)

    def loss(flat: Reals) -> tuple[float, Reals]:
        weight = flat[: -shape[1]].reshape(shape)
        logits = inputs @ weight + flat[-shape[1] :]
        log_share = logits - logsumexp(logits, axis=1, keepdims=True)
        value = -float((each[:, None] * target * log_share).sum())
        value += 0.5 * penalty * float((weight**2).sum())
        gap = each[:, None] * (np.exp(log_share) - target)
        slope = inputs.T @ gap + penalty * weight
        return value, np.concatenate([slope.reshape(-1), gap.sum(axis=0)])

    start = np.zeros(shape[0] * shape[1] + shape[1])
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS}
    ).x
    return SoftmaxHead(
        centre=as_stored(centre),
        scale=as_stored(scale),
        weight=as_stored(found[: -shape[1]].reshape(shape)),
        offset=as_stored(found[-shape[1] :]),
    )
