"""What the models of a leaderboard look at: one representation for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instruments.files import LabelledArchive
from models.preprocessing.canonical import CanonicalForm
from models.training.corpus import Corpus

Reals = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

RECEIVER, COMPONENT = "receiver", "component"
"""Tables: what is judged against a reference, and what tells components apart."""

_DAY_S = 86_400.0
_HOUR_S = 3_600.0
_MOST_CAVITIES = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Representation:
    """Sweeps as simple models see them; the first axis is the sweep.

    Attributes
    ----------
    tables
        Features by name of the table, shape (sweep, feature).
    series
        What is convolved along the axis, shape (sweep, channel, point).
    raw
        The bare sweep, real and imaginary parts, shape (sweep, feature).
    clock
        Number of the sweep in its thermal cycle, shape (sweep, 1).
    metadata
        All that is known without looking at the sweep, shape (sweep, feature).
    """

    tables: Mapping[str, Singles]
    series: Singles
    raw: Singles
    clock: Reals
    metadata: Reals

    def table(self, target: str) -> str:
        """Return which table a target is learnt from."""
        return COMPONENT if target == "component" else RECEIVER


def representation_of(
    corpus: Corpus, archives: Sequence[LabelledArchive] | None
) -> Representation:
    """Represent a corpus: log-ratio to the reference, and the level for components.

    Parameters
    ----------
    archives
        Those that the corpus was built from; without them nobody may look at the
        bare sweep.
    """
    count = corpus.sweep_count
    ratio = corpus.ratio.reshape(count, -1)
    traces = corpus.ratio.shape[1]
    level = corpus.level.reshape(count, -1)
    return Representation(
        tables={RECEIVER: ratio, COMPONENT: np.concatenate([ratio, level], axis=1)},
        series=corpus.ratio.reshape(count, 2 * traces, -1),
        raw=_raw(corpus, archives),
        clock=_clock(corpus)[:, None],
        metadata=_metadata(corpus),
    )


def _raw(corpus: Corpus, archives: Sequence[LabelledArchive] | None) -> Singles:
    if archives is None:
        return np.zeros((corpus.sweep_count, 0), np.float32)
    return np.stack(
        [
            _bare(corpus.form, archives[number], int(sweep))
            for number, sweep in corpus.row
        ]
    )


def _bare(form: CanonicalForm, archive: LabelledArchive, sweep: int) -> Singles:
    """Average a sweep onto the canonical bins and do nothing else to it."""
    binning = form.binning(archive.axis(sweep))
    assert binning is not None, "a sweep of the corpus covers its band"
    width = np.maximum(binning.upper - binning.lower, 1)
    parts = []
    for name in form.s_parameters:
        if name not in archive.s_parameters:
            parts.append(np.zeros(2 * width.size))
            continue
        samples = archive.s[sweep, archive.s_parameters.index(name)]
        kept = np.nan_to_num(samples.astype(np.complex128), posinf=0.0, neginf=0.0)
        means = binning.sums(kept) / width
        parts += [binning.bridge(means.real), binning.bridge(means.imag)]
    return np.concatenate(parts).astype(np.float32)


def _clock(corpus: Corpus) -> Reals:
    number = np.zeros(corpus.sweep_count)
    for own in _courses(corpus):
        order = np.argsort(corpus.measured_at[own], kind="stable")
        number[own[order]] = np.arange(own.size)
    return number


def _courses(corpus: Corpus) -> list[npt.NDArray[np.intp]]:
    """Return the sweeps of each cavity in each cycle."""
    keys = np.char.add(np.char.add(corpus.cavity, "\0"), corpus.thermal_cycle)
    return [np.flatnonzero(keys == key) for key in np.unique(keys)]


def _metadata(corpus: Corpus) -> Reals:
    since_s = np.zeros(corpus.sweep_count)
    for own in _courses(corpus):
        since_s[own] = corpus.measured_at[own] - corpus.measured_at[own].min()
    turn = 2 * np.pi * (corpus.measured_at % _DAY_S) / _DAY_S
    cavities = np.unique(corpus.cavity)[:_MOST_CAVITIES]
    return np.column_stack(
        [
            _clock(corpus),
            since_s / _HOUR_S,
            np.sin(turn),
            np.cos(turn),
            corpus.present.astype(np.float64),
            corpus.cavity[:, None] == cavities,
        ]
    )
