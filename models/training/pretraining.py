"""A simulated archive that networks learn from before they see the laboratory's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from instruments.files import LabelledArchive
from models.errors import TrainingRefusedError
from models.training.corpus import Corpus, build_corpus
from models.training.labels import HeadLabels, labels_of
from models.training.targets import TargetPlan, is_compared, usable

LEAST_CYCLES_TO_FINE_TUNE = 15
"""Thermal cycles of the laboratory without which no gradient step is made on them.

Fine-tuning on three to eight cycles was worse than none in the study behind this
project; a ridge on the last layer, shrunk to what the twin taught, was not.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pretraining:
    """What networks learn from first.

    Attributes
    ----------
    corpus
        The simulated sweeps in the laboratory's form and coordinates.
    plan
        The heads that they have labels for, as the laboratory's corpus plans them.
    labels
        Of these heads.
    is_fine_tuned
        Whether the laboratory has cycles enough for gradients.
    """

    corpus: Corpus
    plan: TargetPlan
    labels: dict[str, HeadLabels]
    is_fine_tuned: bool

    @property
    def rows(self) -> torch.Tensor:
        """All simulated sweeps."""
        return torch.arange(self.corpus.sweep_count)


def prepare_pretraining(
    archives: Sequence[LabelledArchive], corpus: Corpus, plan: TargetPlan
) -> Pretraining:
    """Bring simulated archives to the form and coordinates of a laboratory's corpus.

    Parameters
    ----------
    corpus, plan
        The laboratory's.

    Raises
    ------
    TrainingRefusedError
        If they do not cover its band, or have labels for none of its heads.
    """
    try:
        simulated = build_corpus(archives, like=corpus)
    except TrainingRefusedError as error:
        raise TrainingRefusedError(f"archive to pre-train on: {error}") from None
    simulated = _inside(simulated, plan)
    own = _labelled(simulated, plan)
    if not own.trained:
        raise TrainingRefusedError(
            "no sweep of the archive to pre-train on has a reference and a label of "
            f"{' or '.join(plan.trained)}: simulate it from the archive that is "
            "trained on"
        )
    cycles = int(np.unique(corpus.thermal_cycle).size)
    return Pretraining(
        corpus=simulated,
        plan=own,
        labels=labels_of(simulated, own),
        is_fine_tuned=cycles >= LEAST_CYCLES_TO_FINE_TUNE,
    )


def _inside(simulated: Corpus, plan: TargetPlan) -> Corpus:
    """Forget scalars that lie outside of the laboratory's grids."""
    numbers = dict(simulated.numbers)
    for name, grid in plan.densities.items():
        if name in numbers:
            places = grid.place(numbers[name])
            with np.errstate(invalid="ignore"):
                inside = (places >= grid.low) & (places <= grid.high)
            numbers[name] = np.where(inside, numbers[name], np.nan)
    return replace(simulated, numbers=numbers)


def _labelled(simulated: Corpus, plan: TargetPlan) -> TargetPlan:
    found = TargetPlan()
    for name, grid in plan.densities.items():
        if name in simulated.numbers and usable(simulated, name).any():
            found.densities[name] = grid
    for name, known in plan.classes.items():
        labels = simulated.classes[name][usable(simulated, name)]
        # One class alone teaches nothing.
        if is_compared(name) and np.unique(labels[np.isin(labels, known)]).size > 1:
            found.classes[name] = known
    return found
