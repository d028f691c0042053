"""The receiver's judge of a corpus, and what it says of each sweep left out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration.scaling import softmax
from models.opinion import OpinionReading
from models.receiver.conditions import balanced_loss
from models.receiver.judge import ReceiverJudge
from models.receiver.learning import learn_receiver
from models.receiver.lesson import LeftOut, ReceiverLesson
from models.serving.trained import HEALTHY
from models.serving.units import in_coordinate, readings_in_units
from models.training.corpus import Corpus
from models.training.split import Split
from models.training.targets import TargetPlan, usable

Reals = npt.NDArray[np.float64]

_SCALARS = ("temperature_k", "magnetic_field_tesla")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntReceiver:
    """A judge beside its readings of left-out sweeps.

    Attributes
    ----------
    names_condition
        Whether it names left-out conditions better than the network does.
    quantiles
        Scalar target to quantiles of left-out sweeps in the grid's coordinate, NaN
        where it reads nothing, shape (sweep, level).
    logits
        Of the conditions, NaN where it reads nothing, shape (sweep, class).
    """

    judge: ReceiverJudge
    names_condition: bool
    quantiles: dict[str, Reals]
    logits: Reals


def learn_from_corpus(
    corpus: Corpus,
    plan: TargetPlan,
    split: Split,
    network_quantiles: dict[str, Reals],
    network_shares: dict[str, Reals],
    *,
    opinion: OpinionReading | None = None,
) -> LearntReceiver | None:
    """Learn the judge of a receiver, or None where the corpus does not teach one.

    Parameters
    ----------
    network_quantiles
        What the network reads of left-out sweeps, in the grid's coordinate.
    network_shares
        What it gives their classes.
    opinion
        What the second opinion reads of them.
    """
    if corpus.coordinate_inputs is None or corpus.coordinates is None:
        return None
    targets = tuple(name for name in _SCALARS if name in plan.densities)
    labels = plan.classes.get("condition", ())
    if not targets and not labels:
        return None
    lesson = ReceiverLesson(
        coordinates=corpus.coordinates,
        place=_places(corpus),
        field_tesla=corpus.numbers["magnetic_field_tesla"],
        condition=_conditions(corpus, labels),
        labels=labels,
        healthy_label=labels.index(HEALTHY) if HEALTHY in labels else -1,
        healthy=np.isin(corpus.classes["condition"], (HEALTHY, "")),
        usable=np.asarray(corpus.compared.any(axis=1)),
        cycle=corpus.thermal_cycle,
        fold=split.fold,
    )
    others = {"network": network_quantiles}
    if opinion is not None:
        others["opinion"] = opinion.quantiles
    found = learn_receiver(
        corpus.coordinate_inputs.form,
        lesson,
        targets,
        readings_in_units(others, plan.densities),
    )
    if found is None:
        return None
    judge, left_out = found
    return LearntReceiver(
        judge=judge,
        names_condition=_names_better(lesson, left_out, network_shares),
        quantiles=_spread_quantiles(corpus, plan, left_out),
        logits=_spread_rows(left_out.logits, left_out, corpus.sweep_count),
    )


def _places(corpus: Corpus) -> Reals:
    kelvin = corpus.numbers["temperature_k"]
    places = np.full(kelvin.size, np.nan)
    known = usable(corpus, "temperature_k")
    places[known] = np.log10(kelvin[known])
    return places


def _conditions(corpus: Corpus, labels: tuple[str, ...]) -> npt.NDArray[np.intp]:
    found = np.full(corpus.sweep_count, -1, dtype=np.intp)
    for index, label in enumerate(labels):
        found[corpus.classes["condition"] == label] = index
    return found


def _names_better(
    lesson: ReceiverLesson, left_out: LeftOut, network_shares: dict[str, Reals]
) -> bool:
    """Compare log losses on left-out sweeps, every class counting alike."""
    truth = lesson.condition[left_out.rows]
    labelled = truth >= 0
    if left_out.logits.shape[1] < 2 or not labelled.any():
        return False
    own = softmax(left_out.logits[labelled])
    theirs = network_shares["condition"][left_out.rows[labelled]]
    return balanced_loss(own, truth[labelled]) < balanced_loss(theirs, truth[labelled])


def _spread_quantiles(
    corpus: Corpus, plan: TargetPlan, left_out: LeftOut
) -> dict[str, Reals]:
    found = {}
    for name, values in left_out.quantiles.items():
        grid = plan.densities[name]
        placed = np.clip(in_coordinate(values, grid), grid.low, grid.high)
        found[name] = _spread_rows(placed, left_out, corpus.sweep_count)
    return found


def _spread_rows(values: Reals, left_out: LeftOut, count: int) -> Reals:
    whole = np.full((count, values.shape[1]), np.nan)
    whole[left_out.rows] = values
    return whole
