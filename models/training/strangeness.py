"""How strange the sweeps of a corpus look to members that have not seen them."""

import numpy as np
import numpy.typing as npt

from models.calibration import NoveltyCalibration
from models.calibration.novelty import SCORES
from models.opinion import OpinionReading
from models.opinion.disagreement import DISAGREEMENT, disagreement_of
from models.training.calibrate import Calibrations, calibrate_scores
from models.training.corpus import Corpus
from models.training.fit import logits_of
from models.training.networks import LearntNetworks
from models.training.targets import TargetPlan

Reals = npt.NDArray[np.float64]


def calibrate_strangeness(
    corpus: Corpus,
    plan: TargetPlan,
    networks: LearntNetworks,
    calibrations: Calibrations,
    left_out: OpinionReading | None,
) -> NoveltyCalibration:
    """Calibrate the scores, that of disagreement among them where there is an opinion.

    Parameters
    ----------
    left_out
        The second opinion on every sweep, by what the other cycles teach.
    """
    held_out, own = networks.held_out.novelty, networks.own_scores
    own = None if own is None else np.median(own, axis=0)
    if left_out is None:
        return calibrate_scores(corpus, held_out, own, SCORES)

    def apart(logits: dict[str, Reals]) -> Reals:
        return disagreement_of(logits, left_out, plan.densities, calibrations.intervals)

    unseen = {name: each[None] for name, each in networks.held_out.logits.items()}
    held_out = np.column_stack([held_out, apart(unseen)[0]])
    if own is not None:
        seen = np.median(apart(logits_of(networks.served, corpus)), axis=0)
        own = np.column_stack([own, seen])
    return calibrate_scores(corpus, held_out, own, (*SCORES, DISAGREEMENT))
