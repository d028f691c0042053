"""MiniRocket and ridge regression: as unlike the networks as can be.

One transform hears every trace by itself, so that a missing trace is a gap in its own
features, and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.baselines.minirocket import MiniRocket
from models.baselines.ridge import Ridge
from models.calibration.scaling import softmax

Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

GROUP_COUNT = 4
"""Three bands of the reading, and one for sweeps that look faulty."""

FAULTY_GROUP = 3
"""Index of the last group."""

_LARGEST = 10.0

LOGIT_PER_SHARE = 8.0
"""Logits of a class over what a regression on 0 and 1 says of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScalarOpinion:
    """How one scalar is read.

    Attributes
    ----------
    ridge
        From features to the coordinate of the scalar's grid.
    edges
        Two readings that part the three bands, shape (2,).
    offsets
        Quantiles of the errors on left-out cycles, shape (group, level).
    """

    ridge: Ridge
    edges: Reals
    offsets: Reals

    def quantiles(self, features: Reals, faulty: Flags) -> Reals:
        """Return calibrated quantiles in the coordinate, shape (sweep, level)."""
        said = self.ridge.predict(features)[:, 0]
        return said[:, None] + self.offsets[groups_of(said, self.edges, faulty)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassOpinion:
    """How classes are named.

    Attributes
    ----------
    ridge
        From features to one output a class.
    softmax_temperature
        Divides the logits.
    """

    ridge: Ridge
    softmax_temperature: float

    def probabilities(self, features: Reals) -> Reals:
        """Return probabilities, shape (sweep, class)."""
        logits = LOGIT_PER_SHARE * self.ridge.predict(features)
        return softmax(logits, self.softmax_temperature)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpinionReading:
    """What the opinion is on several sweeps; the first axis is the sweep.

    Attributes
    ----------
    quantiles
        Scalar target to quantiles in the grid's coordinate, shape (sweep, level).
    probabilities
        Class target to probabilities, shape (sweep, class).
    """

    quantiles: dict[str, Reals]
    probabilities: dict[str, Reals]

    def taken(self, rows: npt.NDArray[np.intp]) -> "OpinionReading":
        """Return the reading of some of the sweeps."""
        return OpinionReading(
            quantiles={name: each[rows] for name, each in self.quantiles.items()},
            probabilities={
                name: each[rows] for name, each in self.probabilities.items()
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opinion:
    """Everything that was learnt.

    Attributes
    ----------
    scale
        Usual size of each trace's channels, shape (trace, channel).
    rocket
        The transform that hears one trace.
    scalars, classes
        Target to how it is read.
    healthy
        Number of the healthy condition, -1 where there is none.
    """

    scale: Singles
    rocket: MiniRocket
    scalars: dict[str, ScalarOpinion]
    classes: dict[str, ClassOpinion]
    healthy: int = -1

    def features(self, ratio: Singles) -> Singles:
        """Return the features of every trace.

        Parameters
        ----------
        ratio
            Log-ratio to the reference, level and phase one after the other, shape
            (sweep, trace, 2 bin).

        Returns
        -------
        ndarray
            Shape (sweep, trace, feature).
        """
        sweeps, traces, _ = ratio.shape
        series = ratio.reshape(sweeps, traces, 2, -1) / self.scale[..., None]
        heard = self.rocket.features(series.reshape(sweeps * traces, 2, -1))
        return heard.reshape(sweeps, traces, -1)

    def read(
        self, ratio: Singles, coordinates: Singles, compared: Flags
    ) -> OpinionReading:
        """Judge sweeps.

        Parameters
        ----------
        ratio
            Log-ratio to the reference, shape (sweep, trace, 2 bin).
        coordinates
            Even coordinates, shape (sweep, trace, coordinate).
        compared
            Traces that can be compared, shape (sweep, trace).
        """
        features = heard_features(self.features(ratio), coordinates, compared)
        return self.read_features(features)

    def read_features(self, features: Reals) -> OpinionReading:
        """Judge sweeps from what :func:`heard_features` makes of their features."""
        shares = {
            name: each.probabilities(features) for name, each in self.classes.items()
        }
        faulty = faulty_of(shares, self.healthy, features.shape[0])
        return OpinionReading(
            quantiles={
                name: each.quantiles(features, faulty)
                for name, each in self.scalars.items()
            },
            probabilities=shares,
        )


def heard_features(features: Singles, coordinates: Singles, compared: Flags) -> Reals:
    """Return features with gaps for traces that were not heard, and which these are.

    Parameters
    ----------
    features
        Of the transform, shape (sweep, trace, feature).
    coordinates
        Even coordinates, shape (sweep, trace, coordinate).
    compared
        Traces that can be compared with the reference, shape (sweep, trace).

    Returns
    -------
    ndarray
        Shape (sweep, trace * (feature + coordinate + 1)).
    """
    # Half of the points lie above a threshold that says nothing.
    parts = [features - 0.5, np.clip(coordinates, -_LARGEST, _LARGEST)]
    heard = np.concatenate([*parts, np.ones((*compared.shape, 1))], axis=2)
    return np.where(compared[:, :, None], heard, 0.0).reshape(heard.shape[0], -1)


def groups_of(said: Reals, edges: Reals, faulty: Flags) -> npt.NDArray[np.intp]:
    """Return the group of each reading, shape (sweep,)."""
    return np.where(faulty, FAULTY_GROUP, np.searchsorted(edges, said))


def faulty_of(shares: Mapping[str, Reals], healthy: int, count: int) -> Flags:
    """Return where the condition is named other than healthy, shape (sweep,)."""
    if healthy < 0 or "condition" not in shares:
        return np.zeros(count, dtype=np.bool_)
    return np.asarray(shares["condition"].argmax(axis=1) != healthy)
