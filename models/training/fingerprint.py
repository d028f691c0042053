"""The fingerprint of installed parts, and what it says of each sweep left out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.errors import TrainingRefusedError
from models.fingerprint import UNKNOWN, Fingerprint, WideSweep
from models.preprocessing.view import SweepView
from models.serving.parts import wide_sweep_of
from models.training.corpus import Corpus
from models.training.split import Split

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


MOST_SWEEPS = 108
"""Sweeps that a fingerprint is learnt from; they are spread over parts and sessions."""

_MOST_LEFT_OUT = 54
_MOST_TRIED = 40
_LEAST_KNOWN = 0.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntFingerprint:
    """A fingerprint beside its readings of left-out sweeps.

    Attributes
    ----------
    probabilities
        Of left-out sweeps, shape (sweep, class).
    """

    fingerprint: Fingerprint
    probabilities: Reals


def learn_fingerprint(
    corpus: Corpus, labels: tuple[str, ...], split: Split
) -> LearntFingerprint | None:
    """Learn the fingerprint of the parts of a corpus.

    None where it would not know again most of what it has seen: such parts have no
    path behind a common line to be told by, and are left to the network.
    """
    sweeps = [wide_sweep_of(view) for view in corpus.views]
    known = np.isin(corpus.classes["component"], labels)
    taught = _spread_evenly(corpus, known, MOST_SWEEPS)
    whole = _fit(corpus, sweeps, taught, split.seed)
    if not _knows_again(whole, corpus, sweeps, np.flatnonzero(taught)):
        return None
    probabilities = np.full((corpus.sweep_count, len(labels)), 1.0 / len(labels))
    for index in range(split.fold_count):
        out = split.fold == index
        try:
            taught = _spread_evenly(corpus, known & ~out, _MOST_LEFT_OUT)
            others = _fit(corpus, sweeps, taught, split.seed)
        except TrainingRefusedError:
            continue
        columns = [labels.index(name) for name in others.classes]
        for row in np.flatnonzero(out):
            judged = others.judge(sweeps[row], _reference_of(corpus.views[row]))
            probabilities[row] = 1e-6
            probabilities[row, columns] = judged.probabilities
            probabilities[row] /= probabilities[row].sum()
    return LearntFingerprint(fingerprint=whole, probabilities=probabilities)


def _spread_evenly(corpus: Corpus, known: Flags, most: int) -> Flags:
    """Keep at most so many sweeps, alike for every part in every session."""
    rows = np.flatnonzero(known)
    if rows.size <= most:
        return known
    groups = np.array(
        [
            "\0".join(
                (
                    str(corpus.classes["component"][row]),
                    str(corpus.cavity[row]),
                    str(corpus.thermal_cycle[row]),
                )
            )
            for row in rows
        ]
    )
    # The n-th sweep of every group comes before the next of any.
    rank = np.zeros(rows.size)
    for group in np.unique(groups):
        mine = np.flatnonzero(groups == group)
        rank[mine] = np.arange(mine.size) / mine.size
    kept = np.zeros(known.size, dtype=np.bool_)
    kept[rows[np.argsort(rank, kind="stable")[:most]]] = True
    return kept


def _fit(
    corpus: Corpus, sweeps: list[WideSweep], known: Flags, seed: int
) -> Fingerprint:
    components = np.where(known, corpus.classes["component"], "")
    sessions = np.char.add(np.char.add(corpus.cavity, "\0"), corpus.thermal_cycle)
    return Fingerprint.fit(
        sweeps,
        [str(name) for name in components],
        [int(row) for row in corpus.reference_row],
        [str(session) for session in sessions],
        seed=seed,
    )


def _knows_again(
    fingerprint: Fingerprint,
    corpus: Corpus,
    sweeps: list[WideSweep],
    rows: npt.NDArray[np.intp],
) -> bool:
    tried = rows[:: max(rows.size // _MOST_TRIED, 1)]
    named = [
        fingerprint.judge(sweeps[row], _reference_of(corpus.views[row])).component
        for row in tried
    ]
    return float(np.mean([name != UNKNOWN for name in named])) > _LEAST_KNOWN


def _reference_of(view: SweepView) -> WideSweep | None:
    if view.reference is None or view.reference_hz is None:
        return None
    return WideSweep(frequency_hz=view.reference_hz, traces=view.reference)
