"""Several small networks side by side, each on inputs and components of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from models.networks.architecture import Architecture
from models.networks.components import Components, Projection
from models.networks.kernel import KernelHead
from models.networks.towers import Tower, compand

CLASS_TARGETS = ("condition", "component")
"""Heads whose outputs are classes; those of all others are bins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What an ensemble sees of several sweeps.

    Attributes
    ----------
    ratio, level, reference_level
        Components, shape (member, sweep, trace, kept).
    coordinates
        Even coordinates, shape (sweep, trace, coordinate).
    compared, present
        1 where a trace has a reference, is there; shape (member, sweep, trace).
    with_reference
        0 where components are named without it, shape (sweep, 1) or (1,).
    """

    ratio: Tensor
    level: Tensor
    reference_level: Tensor
    coordinates: Tensor
    compared: Tensor
    present: Tensor
    with_reference: Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projections:
    """The fixed components of an ensemble, made ready for many sweeps."""

    ratio: Projection
    level: Projection


class Ensemble(nn.Module):
    """The networks of one model folder."""

    def __init__(self, architecture: Architecture, seed: int = 0) -> None:
        super().__init__()
        self.architecture = architecture
        generator = torch.Generator().manual_seed(seed)
        sizes = (architecture.member_count, architecture.trace_count)
        self.ratio = Components(
            *sizes, architecture.ratio_count, architecture.ratio_components
        )
        self.level = Components(
            *sizes, architecture.level_count, architecture.level_components
        )
        early = architecture.pretrained_heads
        self.receiver = _tower(
            architecture,
            architecture.receiver_inputs,
            tuple(each for each in architecture.receiver_heads if each[0] not in early),
            generator,
        )
        self.component = _tower(
            architecture,
            architecture.component_inputs,
            architecture.component_heads,
            generator,
        )
        self.pretrained = _tower(
            architecture,
            architecture.receiver_inputs,
            tuple(each for each in architecture.receiver_heads if each[0] in early),
            generator,
        )
        self.kernels = nn.ModuleDict(
            {
                name: KernelHead(
                    architecture.member_count,
                    architecture.width,
                    outputs,
                    is_density=name not in CLASS_TARGETS,
                )
                for name, outputs in architecture.heads.items()
                if name in architecture.kernel_heads
            }
        )

    def projections(self) -> Projections:
        """Make the fixed components ready as they stand now."""
        return Projections(
            ratio=Projection.of(self.ratio), level=Projection.of(self.level)
        )

    def inputs(
        self,
        *,
        ratio: Tensor,
        level: Tensor,
        reference_level: Tensor,
        coordinates: Tensor,
        compared: Tensor,
        present: Tensor,
        through: Projections | None = None,
    ) -> Inputs:
        """Put features through the fixed components.

        Parameters
        ----------
        ratio, level, reference_level
            Shape (sweep, trace, feature).
        coordinates
            Shape (sweep, trace, coordinate).
        compared, present
            Shape (sweep, trace).
        through
            As from :meth:`projections`, where these were made before.
        """
        members = self.architecture.member_count
        fixed = self.projections() if through is None else through
        levels = fixed.level.projected(torch.cat([level, reference_level]))
        own_level, known_level = levels.chunk(2, dim=1)
        return Inputs(
            ratio=fixed.ratio.projected(ratio),
            level=own_level,
            reference_level=known_level,
            coordinates=coordinates,
            compared=compared.expand(members, -1, -1),
            present=present.expand(members, -1, -1),
            with_reference=torch.ones(1),
        )

    def judge(self, inputs: Inputs) -> dict[str, Tensor]:
        """Return the logits of every head, shape (member, sweep, output)."""
        logits: dict[str, Tensor] = {}
        for tower, hidden in self.hidden(inputs):
            logits |= tower.answer(hidden)
            for name in self.kernels:
                if name in tower.heads:
                    logits[name] = self.kernels[name](hidden)
        return logits

    def hidden(self, inputs: Inputs) -> list[tuple[Tower, Tensor]]:
        """Return each tower with its last hidden layer."""
        found = []
        for tower in (self.receiver, self.pretrained):
            if tower is not None:
                values = self._against_reference(inputs)
                found.append((tower, tower.hidden(values, inputs.compared)))
        if self.component is not None:
            compared = (inputs.compared * inputs.with_reference)[..., None]
            values = torch.cat(
                [compand(inputs.ratio) * compared, inputs.level, compared], dim=-1
            )
            found.append(
                (self.component, self.component.hidden(values, inputs.present))
            )
        return found

    def _against_reference(self, inputs: Inputs) -> Tensor:
        if self.architecture.coordinate_count == 0:
            return torch.cat([compand(inputs.ratio), inputs.reference_level], dim=-1)
        seen = inputs.coordinates.expand(self.architecture.member_count, -1, -1, -1)
        return torch.cat([seen, inputs.reference_level], dim=-1)


def stack_members(members: Sequence[Ensemble]) -> Ensemble:
    """Put ensembles of equal sizes side by side."""
    first = members[0].architecture
    count = sum(each.architecture.member_count for each in members)
    whole = Ensemble(replace(first, member_count=count))
    states = [each.state_dict() for each in members]
    whole.load_state_dict(
        {name: torch.cat([state[name] for state in states]) for name in states[0]}
    )
    return whole


def with_pretrained(
    plain: Ensemble, pretrained: Ensemble, kept: tuple[str, ...]
) -> Ensemble:
    """Let the tower of a pre-trained ensemble answer some heads of a plain one.

    Both have the same members, which look through the same components.

    Parameters
    ----------
    kept
        Heads that the pre-trained ensemble answers, by kernel or not as it does.
    """
    heads = tuple(
        name
        for name in plain.architecture.heads
        if name in (pretrained if name in kept else plain).architecture.kernel_heads
    )
    whole = Ensemble(
        replace(plain.architecture, pretrained_heads=kept, kernel_heads=heads)
    )
    state = plain.state_dict() | {
        name.replace("receiver.", "pretrained.", 1): value
        for name, value in pretrained.state_dict().items()
        if name.startswith("receiver.")
    }
    state |= {
        name: value
        for name, value in pretrained.state_dict().items()
        if name.startswith("kernels.") and name.split(".")[1] in kept
    }
    whole.load_state_dict({name: state[name] for name in whole.state_dict()})
    return whole.requires_grad_(requires_grad=False).eval()


def _tower(
    architecture: Architecture,
    inputs: int,
    heads: tuple[tuple[str, int], ...],
    generator: torch.Generator,
) -> Tower | None:
    return Tower(architecture, inputs, heads, generator) if heads else None
