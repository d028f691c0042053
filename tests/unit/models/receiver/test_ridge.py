import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from models.receiver.ridge import (
    PENALTIES,
    RidgeReader,
    fit_ridge,
    one_error_rule,
    ridge_inputs,
)


def lesson(seed, noise=0.1, count=120, width=8):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, width)) * np.geomspace(1e-3, 1e3, width) + 5
    even = (values - values.mean(axis=0)) / values.std(axis=0)
    truth = even @ rng.normal(size=width) + noise * rng.normal(size=count)
    return values, truth, np.arange(count) % 6


@given(st.integers(0, 10_000))
def test_the_reader_is_sklearns_ridge_at_one_of_the_penalties(seed):
    values, truth, fold = lesson(seed)
    reader, _, _ = fit_ridge(values, truth, fold)
    inputs = ridge_inputs(values, reader.centre, reader.scale)
    others = [
        Ridge(alpha=penalty * truth.size).fit(inputs, truth).predict(inputs)
        for penalty in PENALTIES
    ]
    assert min(np.abs(reader.read(values) - each).max() for each in others) < 1e-6


@given(st.integers(0, 10_000))
def test_left_out_readings_are_sklearns_on_the_other_folds(seed):
    values, truth, fold = lesson(seed)
    reader, left_out, _ = fit_ridge(values, truth, fold)
    inputs = ridge_inputs(values, reader.centre, reader.scale)
    gaps = []
    for penalty in PENALTIES:
        expected = np.empty(truth.size)
        for index in np.unique(fold):
            known = fold != index
            model = Ridge(alpha=penalty * known.sum()).fit(inputs[known], truth[known])
            expected[~known] = model.predict(inputs[~known])
        gaps.append(np.abs(left_out - expected).max())
    assert min(gaps) < 1e-6


def test_noise_asks_for_a_larger_penalty():
    shrunk = []
    for noise in (1e-3, 30.0):
        values, truth, fold = lesson(3, noise=noise)
        reader, _, _ = fit_ridge(values, truth, fold)
        full = np.linalg.lstsq(
            ridge_inputs(values, reader.centre, reader.scale),
            truth - truth.mean(),
            rcond=None,
        )[0]
        shrunk.append(np.linalg.norm(reader.weight) / np.linalg.norm(full))
    assert shrunk[1] < shrunk[0]


def test_copies_and_dead_coordinates_do_no_harm():
    values, truth, fold = lesson(4)
    wide = np.concatenate([values, values, np.full((truth.size, 2), 3.0)], axis=1)
    reader, left_out, _ = fit_ridge(wide, truth, fold)
    assert np.isfinite(left_out).all()
    assert np.sqrt(np.mean((reader.read(wide) - truth) ** 2)) < 0.2


def test_a_far_outlier_is_pressed():
    values, truth, fold = lesson(5)
    reader, _, _ = fit_ridge(values, truth, fold)
    far = reader.read(np.full((1, values.shape[1]), 1e30))
    assert np.isfinite(far).all()
    assert np.abs(far[0]) < 200


def test_one_fold_is_read_by_itself():
    values, truth, fold = lesson(6)
    _, left_out, _ = fit_ridge(values, truth, 0 * fold)
    assert np.isfinite(left_out).all()


def test_a_sweep_unlike_all_others_is_read_less_surely():
    values, truth, fold = lesson(7)
    reader, _, left_out = fit_ridge(values, truth, fold)
    usual = reader.spread(values)
    far = reader.centre + 5 * reader.scale
    assert reader.spread(far[None])[0] > 1.5 * np.median(usual)
    assert (left_out > 0).all()
    # Left-out sweeps were not looked at, so they seem stranger.
    assert np.median(left_out) >= np.median(usual)


def test_spread_ignores_what_is_not_read():
    values, truth, fold = lesson(8)
    reader, _, _ = fit_ridge(values, truth, fold)
    wide = RidgeReader(
        **{
            name: np.append(getattr(reader, name), np.nan)
            for name in ("centre", "scale", "weight")
        },
        precision=np.pad(reader.precision, (0, 1)),
        offset=reader.offset,
        floor=reader.floor,
    )
    more = np.append(values, np.full((truth.size, 1), np.nan), axis=1)
    assert np.allclose(wide.spread(more), reader.spread(values))
    assert np.allclose(wide.read(more), reader.read(values))


def test_a_small_penalty_must_be_better_by_more_than_cycles_can_tell():
    errors = np.array([1.0, 0.95, 1.02, 1.1, 1.3])
    assert one_error_rule(errors, 500) == 1
    assert one_error_rule(errors, 50) == 2
    assert one_error_rule(errors, 14) == 3
    assert one_error_rule(errors, 2) == 4


def rippling(seed, cycles=6, each=15, width=24, ways=12):
    """A signal along one way, and offsets of cycles along more ways than cycles."""
    rng = np.random.default_rng(seed)
    fold = np.repeat(np.arange(cycles), each)
    truth = rng.normal(size=fold.size)
    shape = rng.normal(size=(ways, width))
    values = truth[:, None] * rng.normal(size=width)
    values = values + (rng.normal(size=(cycles, ways)) @ shape)[fold]
    values = values + 0.01 * rng.normal(size=values.shape)
    return values, truth, fold, shape.T @ shape


@pytest.mark.parametrize("seed", range(5))
def test_known_ripple_is_not_followed(seed):
    values, truth, fold, scatter = rippling(seed)
    plain, _, _ = fit_ridge(values, truth, fold)
    wise, _, _ = fit_ridge(values, truth, fold, scatter)
    moved = [
        np.sqrt(weight @ scatter @ weight)
        for weight in (each.weight / each.scale for each in (plain, wise))
    ]
    assert moved[1] < 0.8 * moved[0]
    assert np.sqrt(np.mean((wise.read(values) - truth) ** 2)) < 0.2


def test_without_scatter_nothing_changes():
    values, truth, fold = lesson(9)
    plain, left, _ = fit_ridge(values, truth, fold)
    zeros = np.zeros((values.shape[1], values.shape[1]))
    none = np.zeros(values.shape[1], dtype=bool)
    same, again, _ = fit_ridge(values, truth, fold, zeros, none)
    assert np.array_equal(plain.weight, same.weight)
    assert np.array_equal(left, again)


def test_loose_coordinates_are_read_only_where_they_are_needed():
    values, truth, fold = lesson(10)
    loose = np.zeros(values.shape[1], dtype=bool)
    loose[0] = True
    needed, _, _ = fit_ridge(values, truth, fold, None, loose)
    assert np.isfinite(needed.weight).all()
    noisy = values.copy()
    noisy[:, 0] = np.random.default_rng(11).normal(size=truth.size)
    truth = ridge_inputs(values, needed.centre, needed.scale)[:, 1:].sum(axis=1)
    spared, _, _ = fit_ridge(noisy, truth, fold, None, loose)
    assert np.isnan(spared.weight[0])
    assert not spared.precision[0].any()
    assert np.isfinite(spared.spread(noisy)).all()
    far = noisy + 1e6 * loose
    assert np.allclose(spared.read(far), spared.read(noisy))
    assert np.allclose(spared.spread(far), spared.spread(noisy))
