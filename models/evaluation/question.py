"""One target of a corpus as baselines see it: which sweeps, which truth."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.evaluation.predictions import (
    ClassPredictions,
    Predictions,
    ScalarPredictions,
    chosen_of,
    scored_rows,
    unit_of,
)
from models.evaluation.residuals import with_residuals
from models.networks.density import DensityGrid
from models.serving.trained import HEALTHY
from models.training.corpus import Corpus
from models.training.split import Split
from models.training.targets import TargetPlan

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """What is asked about a target.

    Attributes
    ----------
    name
        The target.
    truth
        Of every sweep: coordinate or number of the class; without meaning where a
        sweep is not scored; shape (sweep,).
    scored
        Sweeps whose label is known, shape (sweep,).
    learnt
        Those that are learnt from: of a scalar the healthy ones, where conditions are
        known, as a fault shifts what the sweep says of temperature and field.
    cycle
        Thermal cycle, shape (sweep,).
    grid
        Of a scalar; None for classes.
    labels
        Of classes; empty for a scalar.
    unit
        Of a scalar, as the suffix of a score's name.
    """

    name: str
    truth: npt.NDArray[Any]
    scored: Flags
    learnt: Flags
    cycle: npt.NDArray[np.str_]
    grid: DensityGrid | None = None
    labels: tuple[str, ...] = ()
    unit: str = ""

    @classmethod
    def of(cls, corpus: Corpus, plan: TargetPlan, name: str) -> Self:
        """Ask a corpus about a target of a plan."""
        scored = np.zeros(corpus.sweep_count, dtype=np.bool_)
        scored[scored_rows(corpus, plan, name)] = True
        if name in plan.classes:
            labels = plan.classes[name]
            return cls(
                name=name,
                truth=np.searchsorted(labels, corpus.classes[name]),
                scored=scored,
                learnt=scored,
                cycle=corpus.thermal_cycle,
                labels=labels,
            )
        grid = plan.densities[name]
        healthy = scored & (corpus.classes["condition"] == HEALTHY)
        return cls(
            name=name,
            truth=grid.place(np.where(scored, corpus.numbers[name], 1.0)),
            scored=scored,
            learnt=healthy if healthy.any() else scored,
            cycle=corpus.thermal_cycle,
            grid=grid,
            unit=unit_of(name, corpus),
        )

    @property
    def width(self) -> int:
        """Outputs of a baseline."""
        return max(len(self.labels), 1)

    def predictions(self, said: Reals, split: Split) -> Predictions:
        """Put what a baseline said beside the truth, where the split tests.

        Parameters
        ----------
        said
            Shape (sweep, output); NaN where nothing was said.
        """
        rows = np.flatnonzero(
            self.scored & (split.fold >= 0) & np.isfinite(said).all(axis=1)
        )
        return chosen_of(self._beside(rows, said[rows], split), split.scored()[rows])

    def _beside(
        self, rows: npt.NDArray[np.intp], said: Reals, split: Split
    ) -> Predictions:
        if self.grid is None:
            return ClassPredictions(
                rows=rows,
                labels=self.labels,
                truth=self.truth[rows],
                probabilities=said,
            )
        points = ScalarPredictions(
            rows=rows,
            grid=self.grid,
            truth=self.truth[rows],
            # Nobody is asked beyond what was trained on; extrapolation is not scored.
            quantiles=said.clip(self.grid.low, self.grid.high),
            unit=self.unit,
        )
        return with_residuals(points, split.fold[rows], self.learnt[rows])
