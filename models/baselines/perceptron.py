"""The founding recipe's network: a small perceptron on principal components."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch

Reals = npt.NDArray[np.float64]

_WIDTH = 64
_STEPS = 250
_BATCH = 256
_RATE = 3e-3
_DECAY = 1e-3


def predict_perceptron(
    seen: Reals, targets: Reals, asked: Reals, *, classes: bool, seed: int = 0
) -> Reals:
    """Fit two hidden layers of 64 units by Adam, and predict.

    Parameters
    ----------
    seen, asked
        Standardised features, shape (sweep, feature).
    targets
        Of the seen sweeps: values, or one column a class; shape (sweep, output).
    classes
        Whether the outputs are probabilities.
    """
    generator = torch.Generator().manual_seed(seed)
    inputs, wanted = torch.from_numpy(seen).float(), torch.from_numpy(targets).float()
    centre = torch.zeros(wanted.shape[1]) if classes else wanted.mean(dim=0)
    scale = torch.ones_like(centre) if classes else wanted.std(dim=0).clamp(min=1e-12)
    wanted = (wanted - centre) / scale
    layers = _layers(seen.shape[1], targets.shape[1], generator)
    optimiser = torch.optim.AdamW(layers, lr=_RATE, weight_decay=_DECAY, fused=True)
    count = inputs.shape[0]
    for _ in range(_STEPS):
        rows = torch.randint(count, (min(_BATCH, count),), generator=generator)
        said = _forward(layers, inputs[rows])
        loss = (
            torch.nn.functional.cross_entropy(said, wanted[rows])
            if classes
            else torch.nn.functional.mse_loss(said, wanted[rows])
        )
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
    with torch.inference_mode():
        said = _forward(layers, torch.from_numpy(asked).float())
        said = said.softmax(dim=1) if classes else said * scale + centre
    return np.asarray(said.double().numpy())


def _layers(
    inputs: int, outputs: int, generator: torch.Generator
) -> list[torch.Tensor]:
    sizes = (inputs, _WIDTH, _WIDTH, outputs)
    found = []
    for before, after in pairwise(sizes):
        weight = torch.randn((before, after), generator=generator)
        found.append((weight * (2.0 / before) ** 0.5).requires_grad_())
        found.append(torch.zeros(after).requires_grad_())
    return found


def _forward(layers: list[torch.Tensor], values: torch.Tensor) -> torch.Tensor:
    for number in range(0, len(layers), 2):
        values = values @ layers[number] + layers[number + 1]
        if number + 2 < len(layers):
            values = values.relu()
    return values
