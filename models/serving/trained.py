"""A trained model in memory: how features become a judgement."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from torch import Tensor

from models.calibration import (
    ClassCalibration,
    IntervalCalibration,
    NoveltyCalibration,
)
from models.calibration.presence import PresenceCalibration
from models.coordinates import Coordinates
from models.fingerprint import Fingerprint
from models.networks.density import DensityGrid
from models.networks.ensemble import Ensemble
from models.networks.inputs import CoordinateInputs
from models.networks.reading import EnsembleReader
from models.opinion import Opinion, OpinionReading
from models.opinion.disagreement import disagreement_of
from models.preprocessing.canonical import CanonicalForm, Features
from models.preprocessing.signature import signatures
from models.receiver import DEPARTURE, ReceiverJudge
from models.receiver.twin_departure import TWIN, TwinDeparture
from models.serving.departures import with_departures
from models.serving.estimation import determined, read_lines
from models.serving.judgements import Judgements
from models.serving.parts import name_parts
from models.serving.units import in_coordinate, readings_in_units
from models.thermometry import ResonatorThermometer

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]

HEALTHY = "healthy"
"""The condition in which temperature and field are read most surely."""


@dataclass(frozen=True, kw_only=True, eq=False)
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
    inputs
        How sweeps are put into coordinates, where the networks look at these.
    opinion
        What another method thinks, where it was learnt.
    units
        Of further scalar labels, by target.
    thermometer
        What reads temperature from the line of a narrow sweep, where it was learnt.
    fingerprint
        What names the component of a wide sweep, where it was learnt.
    twin
        What a fitted twin shows, where networks learnt from one that explains the
        laboratory's sweeps.
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
    inputs: CoordinateInputs | None = None
    opinion: Opinion | None = None
    units: dict[str, str] = field(default_factory=dict)
    presence: PresenceCalibration | None = None
    twin: TwinDeparture | None = None

    def judge(self, features: Sequence[Features]) -> Judgements:
        """Judge sweeps in canonical form, one after another or many at once."""
        compared = np.stack([each.compared for each in features])
        coordinates, table = self._coordinates(features)
        ratio = np.stack([each.ratio for each in features])
        seen = self._networks.read(
            ratio=ratio,
            level=_singles([each.level for each in features]),
            reference_level=_singles([each.reference_level for each in features]),
            coordinates=table,
            compared=compared.astype(np.float32),
            present=_singles([each.present for each in features]),
        )
        opinion = None
        novelty = seen.scores
        if self.opinion is not None:
            opinion = self.opinion.read(ratio, table, compared)
            apart = self.disagreement(seen.logits, opinion)
            # Both fill a gap in their own way, which tells nothing of the sweep.
            apart = np.where(compared.all(axis=1), apart, 0.0)
            novelty = np.concatenate([novelty, apart[:, :, None]], axis=2)
        judged = self._read(
            seen.logits, _middle(novelty), np.asarray(compared.any(axis=1))
        )
        judged = replace(
            judged,
            opinion=opinion,
            contributions={"t2": seen.t2, "q": seen.q},
            signature=signatures(ratio, self.form),
        )
        judged = self._with_receiver(judged, features, coordinates)
        judged = self._with_twin(judged, coordinates)
        faulty = looks_faulty(judged.probabilities, self.classes, compared.shape[0])
        judged = with_departures(judged, self.novelty_calibration, faulty)
        return self._with_parts(self._with_lines(judged, features), features)

    @cached_property
    def _networks(self) -> EnsembleReader:
        return EnsembleReader(self.ensemble, self.bank, self.form.kept)

    def disagreement(self, logits: dict[str, Reals], opinion: OpinionReading) -> Reals:
        """Return how far each member and the opinion are apart, (member, sweep)."""
        return disagreement_of(
            logits, opinion, self.densities, self.interval_calibration
        )

    def _coordinates(
        self, features: Sequence[Features]
    ) -> tuple[Coordinates | None, Singles]:
        """Put sweeps into coordinates, once for all who look at these."""
        if self.inputs is None:
            traces = len(self.form.s_parameters)
            return None, np.zeros((len(features), traces, 0), np.float32)
        found = self.inputs.form.of_views([each.view for each in features])
        return found, self.inputs.tables(found)

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
        self,
        judged: Judgements,
        features: Sequence[Features],
        coordinates: Coordinates | None,
    ) -> Judgements:
        """Let the receiver's judge read what it knows how to read."""
        if self.receiver is None:
            return judged
        others = {"network": judged.quantiles}
        if judged.opinion is not None:
            others["opinion"] = judged.opinion.quantiles
        if coordinates is None:
            views = [each.view for each in features]
            coordinates = self.receiver.form.of_views(views)
        reading = self.receiver.read(
            coordinates, readings_in_units(others, self.densities)
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
            judged = replace(
                judged, present=reading.present, present_least=reading.present_least
            )
        return replace(
            judged,
            quantiles=quantiles,
            probabilities=probabilities,
            determined={
                name: determined(values, self.densities[name])
                for name, values in quantiles.items()
            },
            departures={DEPARTURE: reading.chi_square},
            departure_p_values={DEPARTURE: reading.p_value},
        )

    def _with_twin(
        self, judged: Judgements, coordinates: Coordinates | None
    ) -> Judgements:
        """Hold sweeps against all that the fitted twin shows."""
        if self.twin is None or coordinates is None:
            return judged
        reading = self.twin.read(coordinates)
        p_value = self.twin.p_values(reading.chi_square)
        return replace(
            judged,
            departures=judged.departures | {TWIN: reading.chi_square},
            departure_p_values=judged.departure_p_values | {TWIN: p_value},
            contributions=judged.contributions | {TWIN: reading.shares},
        )

    def _with_lines(
        self, judged: Judgements, features: Sequence[Features]
    ) -> Judgements:
        """Let the thermometer read the lines of narrow sweeps.

        A line that moved is strange to networks; whether it moved as lines do, the
        thermometer knows.
        """
        if self.thermometer is None:
            return judged
        grid = self.densities["temperature_k"]
        read = read_lines(self.thermometer, [each.view for each in features], grid)
        return replace(
            judged,
            quantiles=judged.quantiles | {"temperature_k": read.quantiles},
            determined=judged.determined | {"temperature_k": read.told},
            p_value=np.where(np.isnan(read.p_value), judged.p_value, read.p_value),
            lines=True,
            line_has_reference=np.array(
                [each.view.reference is not None for each in features]
            ),
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


def looks_faulty(
    probabilities: dict[str, Reals], classes: dict[str, tuple[str, ...]], count: int
) -> Flags:
    """Return where the condition is judged other than healthy, shape (sweep,)."""
    if HEALTHY not in classes.get("condition", ()) or "condition" not in probabilities:
        return np.zeros(count, dtype=np.bool_)
    best = probabilities["condition"].argmax(axis=1)
    return np.asarray(best != classes["condition"].index(HEALTHY))


def _middle(values: Reals) -> Reals:
    """Return medians over the members; of so few numpy's own takes ten times longer."""
    rising = np.sort(values, axis=0)
    count = values.shape[0]
    return np.asarray(0.5 * (rising[(count - 1) // 2] + rising[count // 2]))


def _singles(rows: list[npt.NDArray[np.generic]]) -> Singles:
    return np.stack(rows).astype(np.float32, copy=False)
