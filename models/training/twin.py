"""The sweeps of a fitted twin, learnt, and how near the laboratory's come to them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.calibration import CycledSweeps, calibrate_novelty
from models.emulation import HealthyEmulator, HealthySweeps
from models.emulation.selection import choose, fit_chosen
from models.receiver.features import orders_of
from models.receiver.twin_departure import (
    TWIN,
    TwinDeparture,
    departures,
    reader_of,
)
from models.serving.trained import HEALTHY, looks_faulty
from models.training.corpus import Corpus
from models.training.targets import TargetPlan, usable

LARGEST_MEDIAN = 3.0
"""Chi-square of the usual healthy sweep up to which a twin explains a laboratory."""

LEAST_SWEEPS = 40
"""Healthy sweeps that are needed, of the twin and of the laboratory."""

LEAST_CYCLES = 5
"""Cycles that are needed of the twin: their scatter is what it knows of connectors."""

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntTwin:
    """What became of a comparison with the twin.

    Attributes
    ----------
    departure
        The comparison; None where it is not made.
    median_chi_square_ratio
        Of the laboratory's healthy sweeps that look healthy; None where there is none.
    sweep_count
        How many these are.
    reason
        Why it is not made; "" where it is.
    """

    departure: TwinDeparture | None = None
    median_chi_square_ratio: float | None = None
    sweep_count: int = 0
    reason: str = ""

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping."""
        return {
            "is_compared": self.departure is not None,
            "median_chi_square_ratio": self.median_chi_square_ratio,
            "sweeps": self.sweep_count,
            "reason": self.reason,
        }


def learn_twin(
    simulated: Corpus,
    corpus: Corpus,
    plan: TargetPlan,
    probabilities: dict[str, Reals],
) -> LearntTwin:
    """Learn what a twin shows, and calibrate it on the laboratory's healthy sweeps.

    Parameters
    ----------
    simulated
        Of the twin, in the form and coordinates of the laboratory's corpus.
    corpus, plan
        The laboratory's. The twin has seen none of its cycles.
    probabilities
        Of classes of the laboratory's sweeps, each by what other cycles teach.
    """
    inputs = corpus.coordinate_inputs
    if inputs is None or corpus.coordinates is None or simulated.coordinates is None:
        return LearntTwin(reason="sweeps of lines or of several bands have no twin")
    emulator = _emulator(simulated, orders_of(inputs.form))
    if emulator is None:
        return LearntTwin(
            reason=f"it takes {LEAST_SWEEPS} healthy simulated sweeps of "
            f"{LEAST_CYCLES} thermal cycles with every trace and a temperature_k"
        )
    found = departures(inputs.form, reader_of(emulator), corpus.coordinates)
    faulty = looks_faulty(probabilities, plan.classes, corpus.sweep_count)
    rows = _well(corpus) & ~faulty & np.isfinite(found.chi_square)
    calm, cycle = found.chi_square[rows], corpus.thermal_cycle[rows]
    if calm.size < LEAST_SWEEPS:
        return LearntTwin(
            sweep_count=calm.size,
            reason=f"it takes {LEAST_SWEEPS} healthy sweeps of the laboratory that "
            f"look healthy, and there are {calm.size}",
        )
    median = float(np.median(calm))
    if median > LARGEST_MEDIAN:
        return LearntTwin(
            median_chi_square_ratio=median,
            sweep_count=calm.size,
            reason="it does not explain healthy sweeps: their chi-square is "
            f"{median:.3g} for each coordinate, and {LARGEST_MEDIAN:g} at most is "
            "usual of one's own twin",
        )
    return LearntTwin(
        departure=TwinDeparture(
            form=inputs.form,
            emulator=emulator,
            calibration=calibrate_novelty(
                calm[:, None], (TWIN,), CycledSweeps.healthy(cycle)
            ),
        ),
        median_chi_square_ratio=median,
        sweep_count=calm.size,
    )


def _emulator(
    simulated: Corpus, order_of: npt.NDArray[np.intp]
) -> HealthyEmulator | None:
    """Learn the twin's healthy sweeps, the field where it is known of them."""
    assert simulated.coordinates is not None
    values = simulated.coordinates.values
    chosen = _well(simulated) & usable(simulated, "temperature_k")
    chosen &= np.isfinite(values).all(axis=1)
    field_tesla = simulated.numbers["magnetic_field_tesla"]
    if np.isfinite(field_tesla[chosen]).any():
        chosen &= np.isfinite(field_tesla)
    else:
        field_tesla = np.zeros(field_tesla.size)
    cycles = simulated.thermal_cycle[chosen]
    if chosen.sum() < LEAST_SWEEPS or np.unique(cycles).size < LEAST_CYCLES:
        return None
    sweeps = HealthySweeps(
        values=values[chosen],
        place=np.log10(simulated.numbers["temperature_k"][chosen]),
        field_tesla=field_tesla[chosen],
        cycle=cycles,
    )
    return fit_chosen(sweeps, choose(sweeps, order_of), order_of)


def _well(corpus: Corpus) -> Flags:
    """Return which sweeps are healthy, and no reference themselves."""
    healthy = np.isin(corpus.classes["condition"], (HEALTHY, ""))
    return np.asarray(healthy & corpus.compared.all(axis=1) & ~corpus.is_reference)
