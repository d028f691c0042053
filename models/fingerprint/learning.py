"""How a bank is learnt: rehearsed on re-made lines and on assemblies left out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from models.calibration.classes import SET_COVERAGE
from models.calibration.scaling import fit_temperature
from models.fingerprint.bank import Bank, Seen, set_threshold_of, standing
from models.fingerprint.families import families_of
from models.fingerprint.rehearsal import Paired, rehearse
from models.fingerprint.view import BAND_COUNT, Reals, View

MOST_ASSEMBLIES = 256
"""Assemblies that a bank holds; of more the most different ones are kept."""

_SEEN_QUANTILE = 0.98
_UNSEEN_QUANTILE = 0.05
_SHARPEST = 4.0
_LEAST_NAMED = 0.005
_SURE = 4.0
_PENALTY = 1e-3
_HIGHEST_LEAST = 0.9


def learn_bank(
    view: View,
    pairs: Sequence[Paired],
    labels: npt.NDArray[np.intp],
    class_count: int,
    rng: np.random.Generator,
) -> tuple[Bank, float]:
    """Learn a bank and how well it names rehearsed sweeps.

    Returns
    -------
    tuple
        The bank, and the margin that 95 % of the rehearsed sweeps keep.
    """
    keeps_phase = bool(pairs[0].known)
    seen = [pair.seen(view) for pair in pairs]
    bank = _bank_of(view, seen, labels, class_count, keeps_phase)
    kept = _most_different(bank)
    rehearsed, truth = rehearse(view, pairs, labels, rng)
    known = replace(
        bank,
        values=bank.values[kept],
        covered=bank.covered[kept],
        labels=bank.labels[kept],
    )
    known = replace(known, weight=_weights(known, rehearsed, truth))
    distances = [known.distances(each) for each in rehearsed]
    usable = [place for place, each in enumerate(distances) if each is not None]
    found = np.array([each for each in distances if each is not None])
    return _calibrated(known, found, truth[usable])


def _bank_of(
    view: View,
    seen: Sequence[Seen],
    labels: npt.NDArray[np.intp],
    class_count: int,
    keeps_phase: bool,
) -> Bank:
    trace_count = seen[0].values.shape[0]
    return Bank(
        values=np.stack([each.values for each in seen]),
        covered=np.stack([each.covered for each in seen]),
        labels=labels,
        class_count=class_count,
        weight=np.full((trace_count, BAND_COUNT), 1.0 / (trace_count * BAND_COUNT)),
        band_hz=view.band_hz,
        keeps_phase=keeps_phase,
    )


def _most_different(bank: Bank) -> npt.NDArray[np.intp]:
    """Choose assemblies by going to the farthest of the largest class, in turn."""
    count = bank.labels.size
    if count <= MOST_ASSEMBLIES:
        return np.arange(count)
    share = max(MOST_ASSEMBLIES // bank.class_count, 1)
    chosen: list[int] = []
    for label in range(bank.class_count):
        rows = np.flatnonzero(bank.labels == label)
        if rows.size == 0:
            continue
        own = replace(
            bank,
            values=bank.values[rows],
            covered=bank.covered[rows],
            labels=bank.labels[rows],
        )
        at, away = 0, np.full(rows.size, np.inf)
        for _ in range(min(share, rows.size)):
            chosen.append(int(rows[at]))
            far = own.distances(Seen(values=own.values[at], covered=own.covered[at]))
            away = away if far is None else np.minimum(away, far)
            away[at] = -np.inf
            at = int(np.argmax(away))
    return np.array(sorted(chosen), dtype=np.intp)


def _weights(
    bank: Bank, rehearsed: Sequence[Seen], truth: npt.NDArray[np.intp]
) -> Reals:
    """Weigh bands by how much nearer rehearsed sweeps are to their own class."""
    margins = []
    for seen, label in zip(rehearsed, truth, strict=True):
        misfit, _ = bank.misfits(seen)
        own = bank.labels == label
        if own.any() and not own.all():
            margins.append(misfit[~own].min(axis=0) - misfit[own].min(axis=0))
    gain = np.maximum(np.mean(margins, axis=0), 0.0) if margins else bank.weight
    even = np.full_like(bank.weight, 1.0 / bank.weight.size)
    if gain.sum() <= 0.0:
        return even
    return np.asarray(0.9 * gain / gain.sum() + 0.1 * even)


def _calibrated(
    bank: Bank, distances: Reals, truth: npt.NDArray[np.intp]
) -> tuple[Bank, float]:
    nearest = np.array([bank.nearest(each) for each in distances])
    own = nearest[np.arange(truth.size), truth]
    others = nearest.copy()
    others[np.arange(truth.size), truth] = np.inf
    margin = float(np.quantile(others.min(axis=1) - own, 0.05))
    strange, misled = _left_out(bank)
    temperature = fit_temperature(
        -_SHARPEST * np.minimum(nearest, 0.0), np.eye(bank.class_count)[truth]
    )
    sharp = replace(
        bank,
        sharpness=_SHARPEST / temperature,
        familiar=_familiarity(nearest, misled),
    )
    probabilities = np.array([sharp.probabilities(each) for each in nearest])
    near = float(np.quantile(nearest.min(axis=1), _SEEN_QUANTILE))
    far = float(np.quantile(strange, _UNSEEN_QUANTILE)) if strange.size else near
    named = float(np.quantile(probabilities.max(axis=1), _LEAST_NAMED))
    learnt = replace(
        sharp,
        set_threshold=set_threshold_of(
            probabilities[np.arange(truth.size), truth], SET_COVERAGE
        ),
        furthest=0.5 * (near + far),
        least_probability=min(named, _HIGHEST_LEAST),
    )
    return learnt, margin


def _familiarity(nearest: Reals, misled: Reals) -> Reals:
    """Part sweeps of known assemblies from others by distance and lead.

    Logistic regression, both sides of equal weight, with a mild penalty.

    Returns
    -------
    ndarray
        Constant, and factors of :func:`standing`; shape (3,).
    """
    if not len(misled):
        return np.array([_SURE, 0.0, 0.0])
    sides = (standing(nearest), standing(misled))
    places = np.concatenate(sides)
    sign = np.concatenate([np.ones(len(sides[0])), -np.ones(len(sides[1]))])
    weight = np.concatenate([np.full(len(side), 1.0 / len(side)) for side in sides])

    def loss(line: Reals) -> float:
        score = sign * (line[0] + places @ line[1:])
        return float(weight @ np.logaddexp(0.0, -score) + _PENALTY * line @ line)

    return np.asarray(minimize(loss, np.zeros(3), method="BFGS").x)


def _left_out(bank: Bank) -> tuple[Reals, Reals]:
    """Look at assemblies as if they had never been seen.

    Returns
    -------
    tuple
        Distance of each from the bank without its family, shape (assembly,); and from
        every class without the family's members of its own class, shape
        (assembly, class). Both are empty where assemblies share too little.
    """
    rows = [
        bank.distances(Seen(values=values, covered=covered))
        for values, covered in zip(bank.values, bank.covered, strict=True)
    ]
    between = np.array([row for row in rows if row is not None])
    if len(between) < len(rows):
        return np.empty(0), np.empty((0, bank.class_count))
    family = families_of(between)
    alike = family[:, None] == family
    strange = np.where(alike, np.inf, between).min(axis=1)
    own = alike & (bank.labels[:, None] == bank.labels)
    misled = np.array([bank.nearest(row) for row in np.where(own, np.inf, between)])
    return strange[np.isfinite(strange)], misled
