"""What each head should answer, and how much each sweep counts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.training.corpus import Corpus
from models.training.targets import TargetPlan, usable

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class HeadLabels:
    """Labels of one head.

    Attributes
    ----------
    soft
        Shares of the outputs, shape (sweep, output).
    weight
        0 where there is no label, shape (sweep,).
    """

    soft: Tensor
    weight: Tensor

    def loss(self, logits: Tensor, rows: Tensor) -> Tensor:
        """Return the mean cross entropy of some sweeps.

        Parameters
        ----------
        logits
            Shape (row, output).
        rows
            Which sweeps these are.
        """
        weight = self.weight[rows]
        each = -(self.soft[rows] * torch.log_softmax(logits, dim=-1)).sum(dim=-1)
        return (each * weight).sum() / weight.sum().clamp(min=1.0)


def labels_of(corpus: Corpus, plan: TargetPlan) -> dict[str, HeadLabels]:
    """Return the labels of every head; classes count alike, however rare."""
    labels: dict[str, HeadLabels] = {}
    for name, grid in plan.densities.items():
        chosen = usable(corpus, name)
        places = grid.place(np.where(chosen, corpus.numbers[name], 1.0))
        soft = torch.from_numpy(grid.soft_labels(places))
        labels[name] = HeadLabels(soft, _weights(chosen, np.ones(chosen.size)))
    for name, known in plan.classes.items():
        chosen = usable(corpus, name) & np.isin(corpus.classes[name], known)
        hard = corpus.classes[name][:, None] == np.array(known)
        share = hard[chosen].mean(axis=0)
        balance = (hard / np.maximum(share * len(known), 0.2)).sum(axis=1)
        soft = torch.from_numpy(hard.astype(np.float32))
        labels[name] = HeadLabels(soft, _weights(chosen, balance))
    return labels


def _weights(chosen: Flags, balance: npt.NDArray[np.float64]) -> Tensor:
    return torch.from_numpy((chosen * balance).astype(np.float32))
