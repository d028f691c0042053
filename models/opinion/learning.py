"""How the second opinion is learnt: each sweep read by what the other cycles teach."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.baselines.minirocket import MiniRocket
from models.baselines.ridge import Ridge, feature_scale, fit_ridge
from models.calibration.gain import is_sure_gain
from models.calibration.scaling import fit_temperature, softmax
from models.networks.density import LEVELS
from models.opinion.opinion import (
    GROUP_COUNT,
    LOGIT_PER_SHARE,
    ClassOpinion,
    Opinion,
    OpinionReading,
    ScalarOpinion,
    faulty_of,
    groups_of,
    heard_features,
)

Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]

FEATURES_PER_TRACE = 504
"""Six thresholds for each of the 84 kernels: more take longer and hardly help."""

CAUTION = 0.3
"""Share of what may lie outside that is kept back, for the next cycle is another."""

LEAST_SWEEPS = 40
"""Fewer sweeps teach nothing that could contradict a network."""

_MOST_SWEEPS = 2000
_MOST_STUDIED = 400
_LEAST_GROUP = 20
_LEAST_POINTS = 9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpinionLesson:
    """Sweeps with their labels; the first axis of each is the sweep.

    Attributes
    ----------
    ratio
        Log-ratio to the reference, shape (sweep, trace, 2 bin).
    coordinates
        Even coordinates, shape (sweep, trace, coordinate).
    compared
        Traces that have a reference, shape (sweep, trace).
    scalars
        Target to its coordinate, NaN where unknown.
    learnt
        Sweeps that scalars are learnt from: healthy ones, where that is known.
    classes
        Target to the number of its class, -1 where unknown.
    class_counts
        Target to how many classes it has.
    healthy
        Number of the healthy condition, -1 where there is none.
    cycle
        Thermal cycle.
    fold
        Group of cycles that a sweep is left out with.
    """

    ratio: Singles
    coordinates: Singles
    compared: Flags
    scalars: Mapping[str, Reals]
    learnt: Flags
    classes: Mapping[str, Indices]
    class_counts: Mapping[str, int]
    healthy: int
    cycle: npt.NDArray[np.str_]
    fold: Indices


def learn_opinion(
    lesson: OpinionLesson, seed: int
) -> tuple[Opinion, OpinionReading] | None:
    """Learn an opinion, or None where too little can be compared.

    Returns
    -------
    opinion : Opinion
        Taught by all sweeps.
    left_out : OpinionReading
        Every sweep read by what the other cycles teach, with the spread of all.
    """
    compared = lesson.compared.any(axis=1)
    points = lesson.ratio.shape[2] // 2
    if compared.sum() < LEAST_SWEEPS or points < _LEAST_POINTS:
        return None
    bare = _bare(lesson, seed)
    whole = bare.features(lesson.ratio)
    kept = np.random.default_rng([seed, 85])
    heard = _Heard(
        whole=heard_features(whole, lesson.coordinates, lesson.compared),
        thinned=heard_features(
            whole, lesson.coordinates, _thinned(lesson.compared, kept)
        ),
    )
    classes, shares = {}, {}
    for name in lesson.classes:
        known = compared & (lesson.classes[name] >= 0)
        if np.unique(lesson.classes[name][known]).size > 1:
            classes[name], shares[name] = _learn_classes(lesson, name, heard, known)
    faulty = faulty_of(shares, lesson.healthy, compared.size)
    scalars, quantiles = {}, {}
    for name, values in lesson.scalars.items():
        known = compared & np.isfinite(values)
        if (known & lesson.learnt).sum() >= LEAST_SWEEPS:
            scalars[name], quantiles[name] = _learn_scalar(
                lesson, name, heard, known, faulty
            )
    if not classes and not scalars:
        return None
    opinion = Opinion(
        scale=bare.scale,
        rocket=bare.rocket,
        scalars=scalars,
        classes=classes,
        healthy=lesson.healthy if "condition" in classes else -1,
    )
    return opinion, OpinionReading(quantiles=quantiles, probabilities=shares)


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """Features of every sweep, and of the same with a trace hidden here and there."""

    whole: Reals
    thinned: Reals


def _bare(lesson: OpinionLesson, seed: int) -> Opinion:
    sweeps, traces, width = lesson.ratio.shape
    series = lesson.ratio.reshape(sweeps, traces, 2, width // 2)
    there = lesson.compared[:, :, None]
    power = (series.astype(np.float64) ** 2).mean(axis=3)
    count = np.maximum(there.sum(axis=0), 1)
    usual = np.sqrt((power * there).sum(axis=0) / count)
    scale = np.where(usual > 0, usual, 1.0).astype(np.float32)
    known = (series / scale[None, :, :, None])[lesson.compared]
    studied = known[:: max(known.shape[0] // _MOST_STUDIED, 1)]
    rocket = MiniRocket.fit(studied, feature_count=FEATURES_PER_TRACE, seed=seed)
    return Opinion(scale=scale, rocket=rocket, scalars={}, classes={})


def _thinned(compared: Flags, rng: np.random.Generator) -> Flags:
    """Hide traces at random, but never all that a sweep has."""
    hidden = compared & (rng.random(compared.shape) < 0.4)
    kept = compared & ~hidden
    return np.where(kept.any(axis=1, keepdims=True), kept, compared)


def _learn_classes(
    lesson: OpinionLesson, name: str, heard: _Heard, known: Flags
) -> tuple[ClassOpinion, Reals]:
    count = lesson.class_counts[name]
    truth = lesson.classes[name]
    wanted = np.eye(count)[np.maximum(truth, 0)]
    ridge, left = _fit(lesson, heard, wanted, known)
    logits = LOGIT_PER_SHARE * left
    temperature = fit_temperature(logits[known], wanted[known])
    opinion = ClassOpinion(ridge=ridge, softmax_temperature=temperature)
    return opinion, softmax(logits, temperature)


def _learn_scalar(
    lesson: OpinionLesson, name: str, heard: _Heard, known: Flags, faulty: Flags
) -> tuple[ScalarOpinion, Reals]:
    values = lesson.scalars[name]
    ridge, left = _fit(
        lesson, heard, np.nan_to_num(values)[:, None], known & lesson.learnt
    )
    said = left[:, 0]
    edges = np.quantile(said[known], [1 / 3, 2 / 3])
    group = groups_of(said, edges, faulty)
    error = np.abs(values - said)
    offsets = np.tile(_offsets(error[known]), (GROUP_COUNT, 1))
    for index in range(GROUP_COUNT):
        mine = known & (group == index)
        if mine.sum() >= _LEAST_GROUP:
            offsets[index] = _offsets(error[mine])
    opinion = ScalarOpinion(ridge=ridge, edges=edges, offsets=offsets)
    return opinion, said[:, None] + offsets[group]


def _offsets(error: Reals) -> Reals:
    """Return quantiles of errors, alike on both sides, shape (level,)."""
    levels = np.array(LEVELS)
    inside = np.abs(2 * levels - 1)
    inside = inside + CAUTION * (1 - inside)
    return np.asarray(np.sign(levels - 0.5) * np.quantile(error, inside))


def _fit(
    lesson: OpinionLesson, heard: _Heard, wanted: Reals, known: Flags
) -> tuple[Ridge, Reals]:
    """Fit a ridge on known sweeps; read every sweep by one without its fold."""
    rows = np.flatnonzero(known)
    rows = rows[np.linspace(0, rows.size - 1, min(rows.size, _MOST_SWEEPS)).astype(int)]
    features, both = _both(heard, rows)
    ridge, scaled = _ridge_of(features, wanted[both], lesson.cycle[both])
    left = ridge.predict(heard.whole)
    for index in np.unique(lesson.fold):
        out = lesson.fold == index
        others = rows[~out[rows]]
        if others.size:
            features, both = _both(heard, others)
            without = _refitted(
                features, wanted[both], ridge.penalty_ratio, scaled=scaled
            )
            left[out] = without.predict(heard.whole[out])
    return stored(ridge), left


def _ridge_of(
    features: Reals, wanted: Reals, cycle: npt.NDArray[np.str_]
) -> tuple[Ridge, bool]:
    """Fit a ridge, on features brought to one size where cycles ask for it.

    Coordinates of ten spreads drown the transform's shares of points, which is right
    where they hold what is sought. Returns the ridge, and whether it is scaled.
    """
    plain, theirs = fit_ridge(features, wanted, cycle, scaled=False)
    even, ours = fit_ridge(features, wanted, cycle)
    gain = ((theirs - wanted) ** 2 - (ours - wanted) ** 2).mean(axis=1)
    return (even, True) if is_sure_gain(gain, cycle) else (plain, False)


def _both(heard: _Heard, rows: Indices) -> tuple[Reals, Indices]:
    """Return sweeps with all their traces and with fewer, and which these are."""
    features = np.concatenate([heard.whole[rows], heard.thinned[rows]])
    return features, np.concatenate([rows, rows])


def _refitted(
    features: Reals, wanted: Reals, penalty_ratio: float, *, scaled: bool
) -> Ridge:
    """Fit a ridge whose penalty is known."""
    centre, offset = features.mean(axis=0), wanted.mean(axis=0)
    scale = feature_scale(features, centre) if scaled else np.ones_like(centre)
    rows, count = (features - centre) / scale, min(features.shape)
    penalty = penalty_ratio * float((rows**2).sum()) / count * np.eye(count)
    if features.shape[0] == count:
        dual = np.linalg.solve(rows @ rows.T + penalty, wanted - offset)
        weights = rows.T @ dual
    else:
        gram = rows.T @ rows + penalty
        weights = np.linalg.solve(gram, rows.T @ (wanted - offset))
    return Ridge(
        centre=centre,
        scale=scale,
        weights=weights,
        offset=offset,
        penalty_ratio=penalty_ratio,
    )


def stored(ridge: Ridge) -> Ridge:
    """Round to the single precision in which it is stored."""
    return Ridge.from_arrays(
        {name: each.astype(np.float32) for name, each in ridge.to_arrays().items()}
    )
