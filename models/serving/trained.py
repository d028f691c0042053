"""A trained model in memory: how features become a judgement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.calibration import (
    ClassCalibration,
    IntervalCalibration,
    NoveltyCalibration,
)
from models.fingerprint import Fingerprint, FingerprintJudgement
from models.networks.density import Coordinate, DensityGrid
from models.networks.ensemble import Ensemble
from models.networks.monitoring import monitoring_scores
from models.preprocessing.canonical import CanonicalForm, Features
from models.receiver import ReceiverJudge
from models.serving.estimation import determined, read_lines
from models.serving.parts import name_parts
from models.thermometry import ResonatorThermometer

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

HEALTHY = "healthy"
"""The condition in which temperature and field are read most surely."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgements:
    """What the heads say of several sweeps; the first axis is the sweep.

    Attributes
    ----------
    quantiles
        Scalar target to its quantiles in the coordinate, shape (sweep, level).
    probabilities
        Class target to its calibrated probabilities, shape (sweep, class).
    novelty
        Scores of strangeness, shape (sweep, score).
    p_value
        Combined p-value of the scores, shape (sweep,).
    compared
        Whether a reference was at hand, shape (sweep,).
    determined
        Scalar target to whether its quantiles say anything, shape (sweep,).
    lines
        Whether temperature was read from lines, which know themselves what is strange.
    parts
        What the fingerprint says of each sweep; empty without one.
    """

    quantiles: dict[str, Reals]
    probabilities: dict[str, Reals]
    novelty: Reals
    p_value: Reals
    compared: Flags
    determined: dict[str, Flags]
    lines: bool = False
    parts: tuple[FingerprintJudgement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainedModel:
    """Networks, calibration and the form of their input.

    Attributes
    ----------
    bank
        Components of known sweeps, shape (member, known, trace, kept).
    densities
        Scalar target to the grid of its density.
    classes
        Class target to its labels.
    receiver
        What reads wide sweeps against their reference, where it was learnt.
    names_condition
        Whether the receiver's judge, and not the network, names the condition.
    thermometer
        What reads temperature from the line of a narrow sweep, where it was learnt.
    fingerprint
        What names the component of a wide sweep, where it was learnt.
    """

    form: CanonicalForm
    ensemble: Ensemble
    bank: Tensor
    densities: dict[str, DensityGrid]
    classes: dict[str, tuple[str, ...]]
    class_calibration: dict[str, ClassCalibration]
    interval_calibration: dict[str, IntervalCalibration]
    novelty_calibration: NoveltyCalibration
    receiver: ReceiverJudge | None = None
    names_condition: bool = False
    thermometer: ResonatorThermometer | None = None
    fingerprint: Fingerprint | None = None

    def judge(self, features: Sequence[Features]) -> Judgements:
        """Judge sweeps in canonical form, one after another or many at once."""
        compared = np.stack([each.compared for each in features])
        with torch.inference_mode():
            ratio = _tensor([each.ratio for each in features])
            level = _tensor([each.level for each in features])
            reference = _tensor([each.reference_level for each in features])
            mask = torch.from_numpy(compared.astype(np.float32))
            present = _tensor([each.present for each in features])
            projected = self.ensemble.ratio(ratio)
            members = projected.shape[0]
            masks = mask.expand(members, -1, -1)
            logits = self.ensemble.judge_receiver(
                projected, self.ensemble.level(reference), masks
            ) | self.ensemble.judge_component(
                projected,
                self.ensemble.level(level),
                masks,
                present.expand(members, -1, -1),
            )
            scores = monitoring_scores(
                self.ensemble.ratio, ratio, projected, self.bank, mask
            )
            novelty = scores.median(dim=0).values.double().numpy()
        judged = self._read(
            {name: values.double().numpy() for name, values in logits.items()},
            novelty,
            np.asarray(compared.any(axis=1)),
        )
        judged = self._with_receiver(judged, features)
        return self._with_parts(self._with_lines(judged, features), features)

    def _read(
        self, logits: dict[str, Reals], novelty: Reals, compared: Flags
    ) -> Judgements:
        probabilities = {
            name: calibration.probabilities(logits[name])
            for name, calibration in self.class_calibration.items()
        }
        faulty = looks_faulty(probabilities, self.classes, compared.size)
        quantiles = {
            name: calibration.quantiles(logits[name], self.densities[name], faulty)
            for name, calibration in self.interval_calibration.items()
        }
        return Judgements(
            quantiles=quantiles,
            probabilities=probabilities,
            novelty=novelty,
            p_value=self.novelty_calibration.combined(novelty),
            compared=compared,
            determined={
                name: determined(values, self.densities[name])
                for name, values in quantiles.items()
            },
        )

    def _with_receiver(
        self, judged: Judgements, features: Sequence[Features]
    ) -> Judgements:
        """Let the receiver's judge read what it knows how to read."""
        if self.receiver is None:
            return judged
        opinion = {
            name: in_units(values, self.densities[name])
            for name, values in judged.quantiles.items()
        }
        reading = self.receiver.read(
            self.receiver.form.of_views([each.view for each in features]), opinion
        )
        known = reading.known
        quantiles = dict(judged.quantiles)
        for name, values in reading.quantiles.items():
            grid = self.densities[name]
            placed = in_coordinate(values[known], grid)
            quantiles[name] = quantiles[name].copy()
            quantiles[name][known] = np.clip(placed, grid.low, grid.high)
        probabilities = dict(judged.probabilities)
        if self.names_condition:
            probabilities["condition"] = probabilities["condition"].copy()
            named = np.isfinite(reading.probabilities).all(axis=1)
            probabilities["condition"][named] = reading.probabilities[named]
        return replace(
            judged,
            quantiles=quantiles,
            probabilities=probabilities,
            determined={
                name: determined(values, self.densities[name])
                for name, values in quantiles.items()
            },
        )

    def _with_lines(
        self, judged: Judgements, features: Sequence[Features]
    ) -> Judgements:
        """Let the thermometer read the lines of narrow sweeps."""
        if self.thermometer is None:
            return judged
        grid = self.densities["temperature_k"]
        quantiles, told = read_lines(
            self.thermometer, [each.view for each in features], grid
        )
        return replace(
            judged,
            quantiles=judged.quantiles | {"temperature_k": quantiles},
            determined=judged.determined | {"temperature_k": told},
            lines=True,
        )

    def _with_parts(
        self, judged: Judgements, features: Sequence[Features]
    ) -> Judgements:
        """Let the fingerprint name the component."""
        if self.fingerprint is None:
            return judged
        parts = name_parts(self.fingerprint, [each.view for each in features])
        shares = np.stack([part.probabilities for part in parts])
        return replace(
            judged,
            probabilities=judged.probabilities | {"component": shares},
            parts=tuple(parts),
        )


def in_units(values: Reals, grid: DensityGrid) -> Reals:
    """Return quantiles of a grid's coordinate as a receiver's judge reads them.

    Temperatures in log10 K, all else in its unit.
    """
    return values if grid.coordinate is Coordinate.LOG10 else grid.value(values)


def in_coordinate(values: Reals, grid: DensityGrid) -> Reals:
    """Return what :func:`in_units` took."""
    return values if grid.coordinate is Coordinate.LOG10 else grid.place(values)


def looks_faulty(
    probabilities: dict[str, Reals], classes: dict[str, tuple[str, ...]], count: int
) -> Flags:
    """Return where the condition is judged other than healthy, shape (sweep,)."""
    if HEALTHY not in classes.get("condition", ()) or "condition" not in probabilities:
        return np.zeros(count, dtype=np.bool_)
    best = probabilities["condition"].argmax(axis=1)
    return np.asarray(best != classes["condition"].index(HEALTHY))


def _tensor(rows: list[npt.NDArray[np.generic]]) -> Tensor:
    return torch.from_numpy(np.stack(rows).astype(np.float32, copy=False))
