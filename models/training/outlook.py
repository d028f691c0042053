"""What a new model's figures do not show, and whether it may be promoted."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.evaluation.breakdown import FEW_CYCLES
from models.evaluation.gates import GROUPED, failed, judge_report
from models.training.corpus import Corpus
from models.training.split import Split, SplitKind


def data_words(corpus: Corpus, split: Split) -> tuple[str, ...]:
    """Say in a sentence each what is wanting in what a model learnt from."""
    cycles = int(np.unique(corpus.thermal_cycle).size)
    found = []
    if split.kind is SplitKind.BY_TIME:
        found.append(
            "there is one thermal cycle only: the figures tell how well the model "
            "interpolates inside of it, not how it does in the next one"
        )
    elif cycles < FEW_CYCLES:
        found.append(
            f"there are {cycles} thermal cycles: too few to promise a coverage for a "
            "new one"
        )
    if not corpus.compared.all():
        alone = int((~corpus.compared.any(axis=1)).sum())
        if alone:
            found.append(f"{alone} sweeps have no reference but themselves")
    return tuple(found)


def promotion_words(report: Mapping[str, Any], cycle_count: int) -> tuple[str, ...]:
    """Say in one sentence that a promotion will be refused, and what would help.

    Parameters
    ----------
    report
        ``metrics`` and ``evaluation`` as the model's folder will hold them.
    cycle_count
        Thermal cycles that it learnt from.

    Returns
    -------
    tuple
        Nothing where no gate speaks against it.
    """
    broken = failed(judge_report(report, grouped=GROUPED))
    if not broken:
        return ()
    names = ", ".join(gate.name for gate in broken)
    refused = f"the gates of a promotion will refuse this model as it stands ({names})"
    missing = FEW_CYCLES - cycle_count
    if missing > 0:
        cycles = "thermal cycle" if missing == 1 else "thermal cycles"
        return (f"{refused}: train on at least {missing} more {cycles}",)
    return (f"{refused}: its card tells the figures, more thermal cycles help most",)
