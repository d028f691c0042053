"""The conjugate kernel's head: a ridge on the last hidden layer.

A network whose last layer is fitted anew in closed form is a kernel machine under its
conjugate kernel (arXiv:2310.18612); with few thermal cycles that
may beat the layer that gradients found. Of a scalar it gives a Student t on the bins.
"""

import torch
from torch import Tensor, nn

FREEDOM = 4.0
"""Degrees of freedom of the density: errors of other cycles have heavy tails."""


class KernelHead(nn.Module):
    """Ridge on the hidden layer, for one target.

    Parameters
    ----------
    outputs
        Of the head: bins of a density, or classes.
    is_density
        Whether one number is read, in shares of the grid.
    """

    def __init__(
        self, members: int, width: int, outputs: int, *, is_density: bool
    ) -> None:
        super().__init__()
        read = 1 if is_density else outputs
        self.is_density, self.outputs = is_density, outputs
        self.register_buffer("weight", torch.zeros(members, width, read))
        self.register_buffer("bias", torch.zeros(members, 1, read))
        self.register_buffer("spread", torch.ones(members, 1, 1))
        self.weight: Tensor
        self.bias: Tensor
        self.spread: Tensor

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (member, sweep, width) to logits (member, sweep, output)."""
        read = torch.baddbmm(self.bias, hidden, self.weight)
        if not self.is_density:
            return read / self.spread
        return student_logits(read, self.spread, self.outputs)


def student_logits(place: Tensor, spread: Tensor, bins: int) -> Tensor:
    """Return logits on bins of a Student t around places, shape (..., bin).

    Parameters
    ----------
    place
        In shares of the grid, 0 to 1, shape (..., 1).
    spread
        Its scale, in shares of the grid.
    """
    centres = (torch.arange(bins) + 0.5) / bins
    away = (centres - place) / spread
    return -0.5 * (FREEDOM + 1.0) * torch.log1p(away.square() / FREEDOM)
