"""What a condition is told from: departures from health, whitened and pressed."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import Reals
from models.emulation.posterior import Posterior

Indices: TypeAlias = npt.NDArray[np.intp]


def pressed(values: Reals) -> Reals:
    """Press large departures, keep small ones: sign(x) ln(1 + |x|), same shape."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def condition_features(posterior: Posterior, texture: Reals) -> Reals:
    """Return the features of sweeps, shape (sweep, feature).

    Parameters
    ----------
    posterior
        Of the healthy emulator: its residuals say what no temperature and field of a
        healthy receiver explains.
    texture
        Power in bands of delay over that of healthy sweeps, in their spreads, shape
        (sweep, texture); 0 where a trace is missing.
    """
    chi = np.log(np.maximum(posterior.chi_square, 1e-6))
    places = np.stack([posterior.best_place, chi], axis=1)
    return np.concatenate(
        [pressed(posterior.residuals), pressed(texture), places], axis=1
    )
