"""What wrong labels in training cost: curves of accuracy over flipped labels."""

from dataclasses import replace
from typing import Any

import numpy as np

from models.evaluation.leaderboard import ClassLearner
from models.evaluation.question import Question
from models.evaluation.scores import scorer_of
from models.evaluation.weighted import Weighting
from models.training.corpus import Corpus

FLIPPED_SHARES = (0.0, 0.05, 0.1, 0.2)
"""Shares of the labels that are flipped before training."""

_DRAWS = 500
_SEED = 20260131


def label_noise(
    question: Question, corpus: Corpus, learn: ClassLearner
) -> dict[str, Any]:
    """Learn from labels some of which are wrong, and be judged by the right ones.

    A flipped label is any other class, each as likely; what is flipped at one share is
    flipped at all larger ones.

    Returns
    -------
    dict
        ``headline``, and ``curve``: ``flipped_share``, ``flipped`` (labels),
        ``score`` and ``interval_90`` over resampled cycles. Empty with one class.
    """
    if len(question.labels) < 2:
        return {}
    curve = []
    headline = ""
    for share in FLIPPED_SHARES:
        wrong = flipped(question, share)
        said = learn(wrong)
        right = replace(said, truth=question.truth[said.rows])
        scorer = scorer_of(right)
        headline = scorer.headline
        kept = np.ones(right.rows.size, dtype=np.bool_)
        drawn = np.concatenate(
            [
                scorer.headline_scores(weighting)
                for weighting in Weighting.resampled(
                    corpus.thermal_cycle[right.rows], kept, draws=_DRAWS
                )
            ]
        )
        curve.append(
            {
                "flipped_share": share,
                "flipped": int((wrong.truth != question.truth).sum()),
                "score": float(scorer.headline_scores(Weighting.whole(kept))[0]),
                "interval_90": np.nanquantile(drawn, [0.05, 0.95]).tolist(),
            }
        )
    return {"headline": headline, "curve": curve}


def flipped(question: Question, share: float) -> Question:
    """Return the question with a share of the learnt labels called something else."""
    rng = np.random.default_rng(_SEED)
    rows = rng.permutation(np.flatnonzero(question.learnt))
    steps = rng.integers(1, len(question.labels), rows.size)
    count = round(share * rows.size)
    truth = question.truth.copy()
    chosen = rows[:count]
    truth[chosen] = (truth[chosen] + steps[:count]) % len(question.labels)
    return replace(question, truth=truth)
