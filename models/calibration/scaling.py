"""Temperature scaling: one factor on the logits, found on held-out sweeps."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

Reals = npt.NDArray[np.float64]


def softmax(logits: Reals, temperature: float = 1.0) -> Reals:
    """Return probabilities over the last axis, same shape."""
    scaled = logits / temperature
    scaled = scaled - scaled.max(axis=-1, keepdims=True)
    raised = np.exp(scaled)
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def fit_temperature(logits: Reals, labels: Reals) -> float:
    """Find the temperature of least cross entropy.

    Parameters
    ----------
    logits
        Shape (sweep, output).
    labels
        Probability labels, shape (sweep, output).

    Returns
    -------
    float
        Between 0.2 and 10; above 1 the network was too sure.
    """

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits, float(np.exp(log_temperature)))
        return float(-(labels * np.log(probabilities + 1e-12)).sum(axis=1).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(10.0)), method="bounded")
    return float(np.exp(found.x))


def upper_quantile(scores: Reals, coverage: float) -> float:
    """Return the split-conformal quantile: the ceil((n + 1) coverage)-th score.

    Where there are too few scores for the coverage the largest one is returned, and
    the coverage is no more than n / (n + 1).
    """
    if scores.size == 0:
        return 0.0
    rank = min(int(np.ceil((scores.size + 1) * coverage)), scores.size)
    return float(np.sort(scores)[rank - 1])
