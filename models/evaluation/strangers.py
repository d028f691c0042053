"""What a model says of sweeps whose label it never learnt."""

from typing import Any

import numpy as np

from models.diagnosis import UNKNOWN
from models.evaluation.served import features_of
from models.serving.trained import TrainedModel
from models.serving.wording import word_judgement
from models.training.corpus import Corpus
from models.training.targets import TargetPlan


def score_strangers(
    model: TrainedModel, corpus: Corpus, plan: TargetPlan
) -> dict[str, dict[str, Any]]:
    """Count which sweeps with a label that was never trained look unknown.

    Returns
    -------
    dict
        Class target to label to ``sweeps`` and ``unknown_share``; targets without such
        labels are left out.
    """
    found: dict[str, dict[str, Any]] = {}
    features = features_of(corpus)
    for name, labels in plan.classes.items():
        told = corpus.classes[name]
        strange = np.flatnonzero((told != "") & ~np.isin(told, labels))
        if strange.size == 0:
            continue
        judged = model.judge([features[row] for row in strange])
        said = np.array(
            [
                getattr(word_judgement(model, judged, place, ""), name).label
                for place in range(strange.size)
            ]
        )
        found[name] = {
            str(label): {
                "sweeps": int(own.sum()),
                "unknown_share": float((said[own] == UNKNOWN).mean()),
            }
            for label in np.unique(told[strange])
            if (own := told[strange] == label).any()
        }
    return found
