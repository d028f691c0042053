"""The judge of a receiver: temperature, stray field and condition, by what is there.

One reading for every set of traces that a sweep may have: a missing trace is left out
of the likelihood, never filled in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.calibration import NoveltyCalibration
from models.calibration.presence import parts_of
from models.calibration.scaling import softmax
from models.coordinates import CoordinateForm, Coordinates
from models.coordinates.signal import Flags, Reals
from models.emulation import HealthyEmulator, PosteriorReader
from models.networks.density import LEVELS
from models.receiver.evidence import Evidence
from models.receiver.failures import FailureHead
from models.receiver.features import FeatureForm, condition_features
from models.receiver.intervals import Stretch
from models.receiver.ridge import RidgeReader
from models.receiver.softmax import SoftmaxHead
from models.receiver.traces import TraceSet, coordinates_of, rows_by_set

Readings: TypeAlias = Mapping[str, Mapping[str, Reals]]
"""Expert to scalar target to quantiles, shape (sweep, level)."""

EXPERTS = ("emulator", "ridge", "network", "opinion")
"""Who may read a scalar; the number of each stands in the stored model."""

OTHERS = EXPERTS[2:]
"""Those who look at the sweep in ways of their own, and are asked beside the judge."""

DEPARTURE = "healthy_chi_square"
"""Name of the score that tells how far a sweep is from all that is healthy."""

_LARGEST_TEXTURE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScalarReading:
    """How one scalar is read from one set of traces.

    Attributes
    ----------
    ridge
        The direct reading.
    offsets
        Quantiles of the ridge's errors on left-out cycles over their spread, shape
        (group, level).
    expert
        Who reads each group, as a number in :data:`EXPERTS`, shape (group,).
    stretch
        That makes its quantiles keep their promise.
    """

    ridge: RidgeReader
    offsets: Reals
    expert: npt.NDArray[np.intp]
    stretch: Stretch


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetJudge:
    """What is read from one set of traces.

    Attributes
    ----------
    condition
        Head of the condition, where there is one.
    softmax_temperature
        Divides its logits.
    usual
        Squared departure that most left-out sweeps stay below, shape (group,).
    scalars
        Target to how it is read.
    failures
        Which failures are there, each for itself, where that was learnt.
    departure
        Squared departures of left-out healthy sweeps; None where there were too few.
    """

    condition: SoftmaxHead | None
    softmax_temperature: float
    usual: Reals
    scalars: dict[str, ScalarReading]
    failures: FailureHead | None = None
    departure: NoveltyCalibration | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReceiverReading:
    """What was read of sweeps; the first axis is the sweep.

    Attributes
    ----------
    quantiles
        Scalar target to quantiles: log10 K of temperature, T of field; NaN where no
        set of traces was known; shape (sweep, level).
    probabilities
        Of the conditions, shape (sweep, class); NaN without a condition head.
    present, present_least
        Probability of each failure by itself, and from which on a set holds it; NaN
        where that was not learnt, shape (sweep, failure).
    chi_square
        Mean squared departure from a healthy receiver, shape (sweep,).
    p_value
        How often a healthy sweep departs as far; NaN where nobody knows, (sweep,).
    known
        Whether the sweep's traces form a set that was trained, shape (sweep,).
    """

    quantiles: dict[str, Reals]
    probabilities: Reals
    present: Reals
    present_least: Reals
    chi_square: Reals
    p_value: Reals
    known: Flags


@dataclass(frozen=True, kw_only=True, eq=False)
class ReceiverJudge:
    """Everything that was learnt of a receiver against its references.

    Attributes
    ----------
    labels
        Conditions, in the order of the logits; empty without a condition head.
    healthy
        Number of the healthy condition among them, -1 where there is none.
    texture_centre, texture_scale
        Of healthy sweeps, shape (texture,).
    sets
        Set of traces to how it is read.
    """

    form: CoordinateForm
    emulator: HealthyEmulator
    labels: tuple[str, ...]
    healthy: int
    texture_centre: Reals
    texture_scale: Reals
    sets: dict[TraceSet, SetJudge]
    _readers: dict[TraceSet, PosteriorReader] = field(default_factory=dict)

    def read(
        self, coordinates: Coordinates, others: Readings | None = None
    ) -> ReceiverReading:
        """Read sweeps from their coordinates.

        Parameters
        ----------
        others
            What each of :data:`OTHERS` reads, as far as there is one.
        """
        count = coordinates.values.shape[0]
        names = {name for each in self.sets.values() for name in each.scalars}
        quantiles = {name: np.full((count, len(LEVELS)), np.nan) for name in names}
        probabilities = np.full((count, len(self.labels)), np.nan)
        present, least = np.full((2, count, len(self.parts)), np.nan)
        chi_square, p_value = np.full(count, np.nan), np.full(count, np.nan)
        known = np.zeros(count, dtype=np.bool_)
        for traces, rows in rows_by_set(coordinates, self.form).items():
            if traces not in self.sets:
                continue
            known[rows] = True
            posterior = self.reader(traces).read(coordinates.values[rows])
            chi_square[rows] = posterior.chi_square
            departure = self.sets[traces].departure
            if departure is not None:
                scores = posterior.chi_square[:, None]
                p_value[rows] = departure.p_values(scores)[:, 0]
            features = condition_features(
                posterior, self.even_texture(coordinates.texture[rows]), self.features
            )
            shares = self.shares(traces, features)
            failures = self.sets[traces].failures
            if failures is not None:
                present[rows] = failures.probabilities(features)
                least[rows] = failures.thresholds
            if self.sets[traces].condition is not None:
                probabilities[rows] = shares
            evidence = Evidence.of(
                posterior,
                coordinates.values[rows],
                self.looks_faulty(shares),
                self.sets[traces].usual,
            )
            for name, reading in self.sets[traces].scalars.items():
                mine = readings_of(name, others or {}, rows)
                raw = expert_quantiles(name, reading, evidence, mine)
                stretched = reading.stretch.applied(raw, evidence.group)
                quantiles[name][rows] = evidence.bounded(name, stretched)
        return ReceiverReading(
            quantiles=quantiles,
            probabilities=probabilities,
            present=present,
            present_least=least,
            chi_square=chi_square,
            p_value=p_value,
            known=known,
        )

    @cached_property
    def features(self) -> FeatureForm:
        """What conditions are told from."""
        return FeatureForm.of(self.form, self.emulator)

    @property
    def parts(self) -> tuple[str, ...]:
        """Failures that are told each for itself."""
        if self.healthy < 0:
            return ()
        return parts_of(self.labels, self.labels[self.healthy])

    def reader(self, traces: TraceSet) -> PosteriorReader:
        """Return what reads sweeps that have a set of traces."""
        if traces not in self._readers:
            self._readers[traces] = PosteriorReader(
                self.emulator, coordinates_of(traces, self.form)
            )
        return self._readers[traces]

    def even_texture(self, texture: Reals) -> Reals:
        """Return texture in spreads of healthy sweeps; 0 where missing."""
        even = (texture - self.texture_centre) / self.texture_scale
        pressed = np.clip(even, -_LARGEST_TEXTURE, _LARGEST_TEXTURE)
        return np.where(np.isnan(pressed), 0.0, pressed)

    def shares(self, traces: TraceSet, features: Reals) -> Reals:
        """Return probabilities of the conditions, shape (sweep, class)."""
        judge = self.sets[traces]
        if judge.condition is None:
            return np.zeros((features.shape[0], 0))
        return softmax(judge.condition.logits(features), judge.softmax_temperature)

    def looks_faulty(self, shares: Reals) -> Flags:
        """Return where another condition than the healthy one leads, (sweep,)."""
        if self.healthy < 0 or shares.shape[1] == 0:
            return np.zeros(shares.shape[0], dtype=np.bool_)
        return np.asarray(shares.argmax(axis=1) != self.healthy)


def readings_of(
    name: str, others: Readings, rows: npt.NDArray[np.intp]
) -> dict[str, Reals]:
    """Return what the others read of a scalar in some sweeps, by expert."""
    return {who: each[name][rows] for who, each in others.items() if name in each}


def expert_quantiles(
    name: str, reading: ScalarReading, evidence: Evidence, others: Mapping[str, Reals]
) -> Reals:
    """Return the quantiles of whoever reads each group, shape (sweep, level)."""
    group, values = evidence.group, evidence.values
    expert = reading.expert[group]
    raw = np.empty((group.size, len(LEVELS)))
    by_ridge = expert == EXPERTS.index("ridge")
    by_emulator = ~by_ridge
    if by_ridge.any():
        direct = reading.ridge.read(values[by_ridge])
        spread = reading.ridge.spread(values[by_ridge])[:, None]
        raw[by_ridge] = direct[:, None] + spread * reading.offsets[group[by_ridge]]
    for who, quantiles in others.items():
        by_other = expert == EXPERTS.index(who)
        raw[by_other] = quantiles[by_other]
        by_emulator &= ~by_other
    if by_emulator.any():
        raw[by_emulator] = evidence.emulated(name)[by_emulator]
    return raw
