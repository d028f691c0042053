"""A thermometer from the lines of narrow sweeps, and what it says of each left out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import TrainingRefusedError
from models.networks.density import LEVELS, DensityGrid
from models.serving.estimation import observe_views
from models.thermometry import LineObservation, ResonatorThermometer, ThermometryState
from models.training.corpus import Corpus
from models.training.split import Split

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntThermometer:
    """A thermometer beside its readings of left-out sweeps.

    Attributes
    ----------
    quantiles
        Of left-out sweeps in the grid's coordinate, shape (sweep, level).
    told
        Where it tells a temperature, shape (sweep,).
    """

    thermometer: ResonatorThermometer
    quantiles: Reals
    told: Flags


def learn_thermometer(
    corpus: Corpus, grid: DensityGrid, split: Split
) -> LearntThermometer | None:
    """Learn a thermometer, or None where too few lines are labelled."""
    lines = observe_views(corpus.views)
    reference_k = _reference_temperatures(corpus)
    everything = np.ones(corpus.sweep_count, dtype=np.bool_)
    try:
        thermometer = _fit(corpus, lines, reference_k, everything)
    except TrainingRefusedError:
        return None
    quantiles = np.empty((corpus.sweep_count, len(LEVELS)))
    told = np.zeros(corpus.sweep_count, dtype=np.bool_)
    for index in range(split.fold_count):
        out = split.fold == index
        try:
            known = _fit(corpus, lines, reference_k, ~out)
        except TrainingRefusedError:
            known = thermometer
        for row in np.flatnonzero(out):
            judged = known.judge(
                lines[row], has_reference=corpus.views[row].reference is not None
            )
            quantiles[row] = grid.place(judged.quantiles_k)
            told[row] = judged.state is ThermometryState.ESTIMATED
    return LearntThermometer(thermometer=thermometer, quantiles=quantiles, told=told)


def _fit(
    corpus: Corpus,
    lines: list[LineObservation | None],
    reference_k: Reals,
    known: Flags,
) -> ResonatorThermometer:
    rows = np.flatnonzero(known)
    return ResonatorThermometer.fit(
        [lines[row] for row in rows],
        corpus.numbers["temperature_k"][rows],
        reference_k[rows],
        corpus.cavity[rows],
        corpus.thermal_cycle[rows],
    )


def _reference_temperatures(corpus: Corpus) -> Reals:
    """Return the temperature of each sweep's reference in K, NaN where unknown."""
    kelvin = corpus.numbers["temperature_k"][corpus.reference_row]
    return np.asarray(np.where(corpus.reference_row < 0, np.nan, kelvin))
