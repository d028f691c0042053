import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, check_grad

from models.calibration.scaling import softmax
from models.receiver import softmax as module
from models.receiver.softmax import fit_softmax


def blobs(seed, classes=3, each=40):
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(classes), each)
    centres = rng.normal(size=(classes, 4)) * 3
    return centres[truth] + rng.normal(size=(truth.size, 4)), truth


def test_the_gradient_is_the_numerical_one(monkeypatch):
    features, truth = blobs(0)
    seen = []

    def looked_at(loss, start, **_):
        rng = np.random.default_rng(1)
        for _ in range(5):
            at = rng.normal(size=start.size)
            numerical = approx_fprime(at, lambda flat: loss(flat)[0], 1e-7)
            assert np.allclose(loss(at)[1], numerical, atol=1e-5)
            error = check_grad(
                lambda flat: loss(flat)[0], lambda flat: loss(flat)[1], at
            )
            seen.append(error)
        return type("Found", (), {"x": start})

    monkeypatch.setattr(module, "minimize", looked_at)
    fit_softmax(features, truth, 3, 0.01)
    assert len(seen) == 5


@given(st.integers(0, 1000))
def test_classes_that_lie_apart_are_told(seed):
    features, truth = blobs(seed)
    shares = softmax(fit_softmax(features, truth, 3, 1e-4).logits(features))
    assert np.allclose(shares.sum(axis=1), 1.0)
    assert np.mean(shares.argmax(axis=1) == truth) > 0.7


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_rare_class_counts_as_much_as_a_common_one(share):
    rng = np.random.default_rng(3)
    truth = (rng.uniform(size=1000) < share).astype(int)
    head = fit_softmax(rng.normal(size=(1000, 3)), truth, 2, 1.0)
    # Features that say nothing leave even odds.
    usual = softmax(head.logits(np.zeros((1, 3))))[0]
    assert usual[1] == pytest.approx(0.5, abs=0.03)


def test_units_and_far_outliers_of_a_feature_do_not_matter():
    features, truth = blobs(5)
    scaled = features * np.array([1e3, 1e-3, 7.0, 1.0]) + 5
    head, other = (fit_softmax(each, truth, 3, 1e-3) for each in (features, scaled))
    assert np.allclose(head.logits(features), other.logits(scaled), atol=0.05)
    far = head.logits(np.full((1, 4), 1e30))
    assert np.isfinite(far).all()
    assert np.array_equal(far, head.logits(np.full((1, 4), 1e12)))
