"""Class probabilities, conformal sets, and when to say unknown."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration.scaling import Reals, fit_temperature, softmax, upper_quantile

SET_COVERAGE = 0.9
"""Coverage of the conformal set."""

_UNKNOWN_QUANTILE = 0.02
_HIGHEST_UNKNOWN = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCalibration:
    """How a class head's logits are read.

    Attributes
    ----------
    softmax_temperature
        Divides the logits.
    set_threshold
        Classes at or above this probability are in the conformal set.
    unknown_threshold
        Below this best probability the verdict is ``unknown``.
    """

    softmax_temperature: float
    set_threshold: float
    unknown_threshold: float

    def probabilities(self, logits: Reals) -> Reals:
        """Return calibrated probabilities, averaged over members.

        Parameters
        ----------
        logits
            Shape (member, sweep, class).

        Returns
        -------
        ndarray
            Shape (sweep, class).
        """
        return np.asarray(softmax(logits, self.softmax_temperature).mean(axis=0))


def calibrate_classes(
    logits: Reals, labels: npt.NDArray[np.intp], temperature: float | None = None
) -> ClassCalibration:
    """Calibrate a class head on held-out sweeps.

    Parameters
    ----------
    logits
        Of one member that has not seen the sweep, shape (sweep, class).
    labels
        True classes, shape (sweep,).
    temperature
        Of the softmax; found where None.
    """
    if temperature is None:
        temperature = fit_temperature(logits, np.eye(logits.shape[1])[labels])
    probabilities = softmax(logits, temperature)
    missing = 1.0 - probabilities[np.arange(labels.size), labels]
    best = probabilities.max(axis=1)
    return ClassCalibration(
        softmax_temperature=temperature,
        set_threshold=1.0 - upper_quantile(missing, SET_COVERAGE),
        unknown_threshold=min(
            float(np.quantile(best, _UNKNOWN_QUANTILE)), _HIGHEST_UNKNOWN
        ),
    )
