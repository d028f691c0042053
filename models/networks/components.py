"""Principal components of each trace, as a fixed linear layer."""

import torch
from torch import Tensor, nn


class Components(nn.Module):
    """Principal components of each trace, as a fixed linear layer."""

    def __init__(self, members: int, traces: int, features: int, kept: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(members, traces, features))
        basis = torch.zeros(members, traces, features, kept, dtype=torch.float16)
        self.register_buffer("basis", basis)
        self.register_buffer("spread", torch.ones(members, traces, kept))
        self.mean: Tensor
        self.basis: Tensor
        self.spread: Tensor

    def forward(self, values: Tensor) -> Tensor:
        """Project (sweep, trace, feature) to (member, sweep, trace, component)."""
        basis = self.basis.to(values.dtype)
        projected = torch.einsum("btf,mtfk->mbtk", values, basis)
        shift = torch.einsum("mtf,mtfk->mtk", self.mean, basis)
        return (projected - shift[:, None]) / self.spread[:, None]
