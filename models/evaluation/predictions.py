"""Predictions beside their truth, as scores need them."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration import ClassCalibration
from models.calibration.scaling import softmax
from models.networks.density import DensityGrid
from models.serving.trained import HEALTHY, looks_faulty
from models.training.calibrate import Calibrations, HeldOut
from models.training.corpus import Corpus
from models.training.targets import TargetPlan, usable

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScalarPredictions:
    """Quantiles of a scalar beside its truth.

    Attributes
    ----------
    rows
        Sweeps of the corpus that are scored, shape (sweep,).
    truth, quantiles
        In the grid's coordinate, shape (sweep,) and (sweep, level). Point models have
        one level, the estimate.
    unit
        Of the value, as the suffix of a name.
    density
        Probabilities on the grid's bins, shape (sweep, bin), where they tell more than
        the quantiles.
    point
        Best estimate in the coordinate, shape (sweep,); the median where None.
    estimated
        Where the model gives an estimate at all, shape (sweep,); everywhere where None.
    """

    rows: npt.NDArray[np.intp]
    grid: DensityGrid
    truth: Reals
    quantiles: Reals
    unit: str = "tesla"
    density: Reals | None = None
    point: Reals | None = None
    estimated: Flags | None = None

    @property
    def estimate(self) -> Reals:
        """The best estimate in the coordinate, shape (sweep,)."""
        if self.point is not None:
            return self.point
        return self.quantiles[:, self.quantiles.shape[1] // 2]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassPredictions:
    """Probabilities of classes beside their truth.

    Attributes
    ----------
    rows
        Sweeps of the corpus that are scored, shape (sweep,).
    labels
        The classes.
    truth
        Index of the true class, shape (sweep,).
    probabilities
        Shape (sweep, class).
    in_set
        Which classes the conformal set holds, shape (sweep, class); None for simple
        models.
    unknown
        Where the verdict is unknown, shape (sweep,); None for simple models.
    """

    rows: npt.NDArray[np.intp]
    labels: tuple[str, ...]
    truth: npt.NDArray[np.intp]
    probabilities: Reals
    in_set: Flags | None = None
    unknown: Flags | None = None


Predictions = ScalarPredictions | ClassPredictions


def chosen_of(predictions: Predictions, kept: Flags) -> Predictions:
    """Return the predictions of some of the sweeps; shape of kept (sweep,)."""
    by_sweep: dict[str, Any] = {
        field.name: values[kept]
        for field in fields(predictions)
        if isinstance(values := getattr(predictions, field.name), np.ndarray)
    }
    return replace(predictions, **by_sweep)


def scored_rows(corpus: Corpus, plan: TargetPlan, name: str) -> npt.NDArray[np.intp]:
    """Return the sweeps whose label of a target can be scored, shape (sweep,)."""
    chosen = usable(corpus, name)
    if name in plan.classes:
        chosen &= np.isin(corpus.classes[name], plan.classes[name])
    return np.flatnonzero(chosen)


def unit_of(name: str, corpus: Corpus) -> str:
    """Return a target's unit as the suffix of a score's name."""
    if name not in corpus.units:
        return name.rsplit("_", 1)[-1]
    words = "".join(
        letter if letter.isalnum() else "_" for letter in corpus.units[name].lower()
    )
    return words or "units"


def ranked_sweeps(predictions: Predictions, corpus: Corpus) -> npt.NDArray[np.bool_]:
    """Return which of the scored sweeps rank: healthy ones for a scalar."""
    everything = np.ones(predictions.rows.size, dtype=np.bool_)
    if not isinstance(predictions, ScalarPredictions):
        return everything
    healthy = corpus.classes["condition"][predictions.rows] == HEALTHY
    return np.asarray(healthy) if healthy.any() else everything


def read_held_out(
    corpus: Corpus, plan: TargetPlan, held_out: HeldOut, calibrations: Calibrations
) -> dict[str, Predictions]:
    """Read held-out logits with their calibration.

    The calibration was learnt on these very sweeps; their networks were not.
    """
    probabilities = {
        name: softmax(held_out.logits[name], calibration.softmax_temperature)
        for name, calibration in calibrations.classes.items()
    }
    faulty = looks_faulty(probabilities, plan.classes, corpus.sweep_count)
    quantiles = {
        name: calibration.quantiles(
            held_out.logits[name][None], plan.densities[name], faulty
        )
        for name, calibration in calibrations.intervals.items()
    }
    return read_predictions(
        corpus, plan, probabilities, quantiles, calibrations.classes
    )


def read_predictions(
    corpus: Corpus,
    plan: TargetPlan,
    probabilities: dict[str, Reals],
    quantiles: dict[str, Reals],
    calibrations: dict[str, ClassCalibration],
) -> dict[str, Predictions]:
    """Put predictions for the whole corpus beside the truth of each target.

    Parameters
    ----------
    probabilities, quantiles
        By target, first axis the sweeps of the corpus.
    """
    found: dict[str, Predictions] = {}
    for name, grid in plan.densities.items():
        rows = scored_rows(corpus, plan, name)
        found[name] = ScalarPredictions(
            rows=rows,
            grid=grid,
            truth=grid.place(corpus.numbers[name][rows]),
            quantiles=quantiles[name][rows],
            unit=unit_of(name, corpus),
        )
    for name, labels in plan.classes.items():
        rows = scored_rows(corpus, plan, name)
        shown = probabilities[name][rows]
        calibration = calibrations.get(name)
        found[name] = ClassPredictions(
            rows=rows,
            labels=labels,
            truth=np.searchsorted(labels, corpus.classes[name][rows]),
            probabilities=shown,
            in_set=None if calibration is None else shown >= calibration.set_threshold,
            unknown=(
                None
                if calibration is None
                else shown.max(axis=1) < calibration.unknown_threshold
            ),
        )
    return found
