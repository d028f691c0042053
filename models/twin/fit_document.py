"""A fitted twin as JSON."""

from dataclasses import asdict
from typing import Any

import numpy as np

from models.twin.fit import TwinFit


def fit_document(fit: TwinFit, *, has_covariance: bool = False) -> dict[str, Any]:
    """Return a fit as what JSON can hold; a misfit holds no constant.

    Parameters
    ----------
    has_covariance
        Whether the whole matrix is written, beside each constant's deviation.
    """
    sigmas = np.sqrt(np.diag(fit.covariance)).tolist()
    constants = {
        name: {"value": value, "sigma": sigma}
        for name, value, sigma in zip(
            fit.names, fit.values.tolist(), sigmas, strict=True
        )
    }
    document: dict[str, Any] = {
        "state": fit.state.value,
        "reason": fit.reason,
        "quality": asdict(fit.quality),
        "constants": constants,
        "delays": [asdict(one) for one in fit.delays],
        "elapsed_s": fit.elapsed_s,
    }
    if fit.hardware is not None:
        document["has_jpa"] = fit.hardware.jpa is not None
    if has_covariance:
        document["covariance"] = fit.covariance.tolist()
    return document
