"""Components: what they project, rebuild and leave, against plain sums."""

import numpy as np
import pytest
import torch

from models.networks.components import Components, Projection
from models.networks.monitoring import KnownSweeps

MEMBERS, TRACES, FEATURES, KEPT = 2, 3, 20, 4


@pytest.fixture
def components():
    generator = torch.Generator().manual_seed(5)
    made = Components(MEMBERS, TRACES, FEATURES, KEPT)
    for tensor in (made.mean, made.basis, made.spread):
        drawn = torch.randn(tensor.shape, generator=generator).abs() + 0.1
        tensor.copy_(drawn.to(tensor.dtype))
    return made


@pytest.fixture
def values():
    return torch.randn(
        (5, TRACES, FEATURES), generator=torch.Generator().manual_seed(6)
    )


def test_projection_is_the_product_with_the_basis(components, values):
    off = values[None] - components.mean[:, None]
    plain = torch.einsum("mbtf,mtfk->mbtk", off, components.basis.float())
    expected = (plain / components.spread[:, None]).numpy()
    assert components(values).numpy() == pytest.approx(expected, abs=1e-4)


def test_what_is_left_is_what_the_components_do_not_rebuild(components, values):
    projection = Projection.of(components)
    projected = projection.projected(values)
    parted = projection.parted(values, projected)
    basis = components.basis.float() * components.spread[:, :, None]
    rebuilt = torch.einsum("mbtk,mtfk->mbtf", projected, basis)
    off = values[None] - components.mean[:, None]
    assert torch.equal(parted.centred, off)
    assert parted.outside.numpy() == pytest.approx((off - rebuilt).numpy(), abs=1e-3)


def test_a_projection_is_of_the_components_as_they_stood(components, values):
    before = Projection.of(components)
    expected = before.projected(values)
    components.basis.zero_()
    assert torch.equal(before.projected(values), expected)
    assert not torch.equal(components(values), expected)


def test_distances_to_known_sweeps_are_those_of_a_plain_difference(components, values):
    bank = torch.randn((MEMBERS, 7, TRACES, KEPT))
    inside = components(values)
    apart = (inside[:, :, None] - bank[:, None]).square().sum(dim=-1)
    known = KnownSweeps.of(bank)
    for counted in (*torch.eye(TRACES), torch.ones(TRACES), torch.zeros(TRACES)):
        mask = counted.expand(inside.shape[1], TRACES)
        found = known.squared_distances(inside * counted[:, None], mask)
        expected = (apart * counted).sum(dim=-1)
        assert np.allclose(found, expected, rtol=1e-3, atol=1e-2)
