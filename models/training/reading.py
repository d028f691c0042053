"""Who reads what: each left-out sweep by the reader that serves its target."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration import ClassCalibration, calibrate_classes
from models.calibration.presence import (
    JOINT,
    PresenceCalibration,
    calibrate_presence,
    parts_of,
)
from models.calibration.scaling import softmax
from models.opinion import OpinionReading
from models.serving.trained import HEALTHY, looks_faulty
from models.training.calibrate import Calibrations, HeldOut
from models.training.corpus import Corpus
from models.training.fingerprint import LearntFingerprint, learn_fingerprint
from models.training.lines import LearntThermometer, learn_thermometer
from models.training.receiver import LearntReceiver, learn_from_corpus
from models.training.split import Split
from models.training.targets import TargetPlan, usable

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeftOutReadings:
    """Every sweep of a corpus, read by what the other cycles teach.

    Attributes
    ----------
    receiver, lines, parts
        Readers that were learnt beside the network, if any.
    quantiles
        Scalar target to quantiles in the grid's coordinate, shape (sweep, level).
    probabilities
        Class target to probabilities, shape (sweep, class).
    classes
        How each class head is read.
    presence
        Whether each condition is there, where that could be learnt.
    """

    receiver: LearntReceiver | None
    lines: LearntThermometer | None
    parts: LearntFingerprint | None
    quantiles: dict[str, Reals]
    probabilities: dict[str, Reals]
    classes: dict[str, ClassCalibration]
    presence: PresenceCalibration | None


def read_left_out(
    corpus: Corpus,
    plan: TargetPlan,
    split: Split,
    held_out: HeldOut,
    calibrations: Calibrations,
    *,
    opinion: OpinionReading | None = None,
) -> LeftOutReadings:
    """Learn the readers beside the network, and let each read what it reads best.

    Parameters
    ----------
    opinion
        The second opinion on left-out sweeps.
    """
    shares = {
        name: softmax(held_out.logits[name], calibration.softmax_temperature)
        for name, calibration in calibrations.classes.items()
    }
    faulty = looks_faulty(shares, plan.classes, corpus.sweep_count)
    quantiles = {
        name: calibration.quantiles(
            held_out.logits[name][None], plan.densities[name], faulty
        )
        for name, calibration in calibrations.intervals.items()
    }
    receiver = learn_from_corpus(
        corpus, plan, split, quantiles, shares, opinion=opinion
    )
    classes = dict(calibrations.classes)
    if receiver is not None:
        quantiles |= {
            name: _preferred(values, quantiles[name])
            for name, values in receiver.quantiles.items()
        }
        if receiver.names_condition:
            logits = _preferred(receiver.logits, np.log(shares["condition"] + 1e-12))
            classes["condition"], shares["condition"] = _classes_of(
                corpus, plan, logits
            )
    lines = None
    if "temperature_k" in plan.densities and corpus.form.follows_lines:
        lines = learn_thermometer(corpus, plan.densities["temperature_k"], split)
        if lines is not None:
            quantiles["temperature_k"] = lines.quantiles
    parts = None
    if "component" in plan.classes and not corpus.form.follows_lines:
        parts = learn_fingerprint(corpus, plan.classes["component"], split)
        if parts is not None:
            shares["component"] = parts.probabilities
    return LeftOutReadings(
        receiver=receiver,
        lines=lines,
        parts=parts,
        quantiles=quantiles,
        probabilities=shares,
        classes=classes,
        presence=_presence(corpus, plan, shares),
    )


def _presence(
    corpus: Corpus, plan: TargetPlan, shares: dict[str, Reals]
) -> PresenceCalibration | None:
    labels = plan.classes.get("condition", ())
    parts = parts_of(labels, HEALTHY)
    if HEALTHY not in labels or not parts:
        return None
    chosen = usable(corpus, "condition") & np.isin(corpus.classes["condition"], labels)
    told = [set(each.split(JOINT)) for each in corpus.classes["condition"][chosen]]
    present = np.array([[float(part in each) for part in parts] for each in told])
    return calibrate_presence(shares["condition"][chosen], present)


def _classes_of(
    corpus: Corpus, plan: TargetPlan, logits: Reals
) -> tuple[ClassCalibration, Reals]:
    labels = plan.classes["condition"]
    chosen = usable(corpus, "condition") & np.isin(corpus.classes["condition"], labels)
    truth = np.searchsorted(labels, corpus.classes["condition"][chosen])
    # The receiver's own temperature is in these logits already.
    return calibrate_classes(logits[chosen], truth, temperature=1.0), softmax(logits)


def _preferred(first: Reals, second: Reals) -> Reals:
    """Return rows of the first, of the second where the first says nothing."""
    return np.asarray(np.where(np.isfinite(first), first, second))
