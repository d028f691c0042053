from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.training.fingerprint import _spread_evenly


def corpus_of(counts):
    """Return sessions of a part each, with so many sweeps."""
    sessions = np.repeat(np.arange(len(counts)), counts)
    return SimpleNamespace(
        classes={"component": np.array([f"part-{each % 3}" for each in sessions])},
        cavity=np.array(["one"] * sessions.size),
        thermal_cycle=np.array([f"cycle-{each}" for each in sessions]),
    ), sessions


@given(
    st.lists(st.integers(1, 60), min_size=2, max_size=8),
    st.integers(8, 200),
)
def test_sweeps_are_kept_alike_from_every_session(counts, most):
    corpus, sessions = corpus_of(counts)
    kept = _spread_evenly(corpus, np.ones(sessions.size, dtype=bool), most)
    assert kept.sum() == min(sessions.size, most)
    shares = np.array([kept[sessions == each].mean() for each in np.unique(sessions)])
    one_more = 1 / np.array(counts)
    assert (shares > 0).all()
    assert shares.max() - shares.min() <= one_more.max() + 1e-9


def test_sweeps_without_a_label_are_never_kept():
    corpus, sessions = corpus_of([40, 40])
    known = sessions == 1
    kept = _spread_evenly(corpus, known, 10)
    assert kept.sum() == 10
    assert not kept[~known].any()
