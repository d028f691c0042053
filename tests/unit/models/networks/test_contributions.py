import numpy as np
import pytest
import torch

from models.networks.components import Components, Projection
from models.networks.contributions import BAND_COUNT, contributions
from models.networks.monitoring import KnownSweeps, monitoring_scores
from models.training.components import fit_components

BINS = 64


@pytest.fixture(scope="module")
def fitted():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(200, 2, 2 * BINS)).astype(np.float32)
    values[:, :, :BINS] += 5 * rng.normal(size=(200, 2, 1)).astype(np.float32)
    components = Components(2, 2, 2 * BINS, 3)
    there = np.ones((200, 2), dtype=np.bool_)
    fit_components(components, values, there, np.ones((2, 200), dtype=np.bool_))
    return components, torch.from_numpy(values)


def parted_by(fitted, values):
    projection = Projection.of(fitted[0])
    return projection.parted(values, projection.projected(values))


def of(fitted, values, mask=None):
    parted = parted_by(fitted, values)
    mask = torch.ones(values.shape[:2]) if mask is None else mask
    kept = np.ones(BINS, dtype=np.bool_)
    return contributions(parted, mask, kept)


def test_shares_sum_to_one_and_follow_the_statistics(fitted):
    components, values = fitted
    for shares in of(fitted, values[:9]):
        assert shares.shape == (9, 2, BAND_COUNT)
        assert shares.sum(axis=(1, 2)) == pytest.approx(1.0, abs=1e-4)
    projected = components(values[:9])
    by_trace = projected.square().sum(dim=3).mean(dim=0).numpy()
    expected = by_trace / by_trace.sum(axis=1, keepdims=True)
    t2, _ = of(fitted, values[:9])
    # Half-precision bases are orthonormal to three digits only.
    assert t2.sum(axis=2) == pytest.approx(expected, abs=0.02)


def test_a_spike_is_found_where_it_stands(fitted):
    _, values = fitted
    spoiled = values[:1].clone()
    at = 37
    spoiled[0, 1, at] += 60.0
    _, q = of(fitted, spoiled)
    trace, band = np.unravel_index(q[0].argmax(), q[0].shape)
    assert (trace, band) == (1, at * BAND_COUNT // BINS)
    assert q[0, trace, band] > 0.8


def test_a_missing_trace_adds_nothing(fitted):
    _, values = fitted
    mask = torch.tensor([[1.0, 0.0]])
    for shares in of(fitted, values[:1], mask):
        assert (shares[0, 1] == 0).all()
        assert shares[0, 0].sum() == pytest.approx(1.0, abs=1e-4)
    known = KnownSweeps.of(torch.zeros((2, 5, 2, 3)))
    parted = parted_by(fitted, values[:1])
    assert torch.isfinite(monitoring_scores(parted, known, mask)).all()
