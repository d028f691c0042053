"""What a thermometer reads of a sweep: its line against that of the reference."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from models.diagnosis import ResonanceEstimate, ResonanceState
from models.fitting import fit_resonance
from models.thermometry.physics import Reals

_UNSURE_LOSS = 0.5
_UNSURE_WIDTHS = 0.3
_LEAST_SIGMA = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class LineObservation:
    """A fitted line against the line of its reference.

    Attributes
    ----------
    reference_hz
        f0 of the reference in Hz.
    shift, shift_sigma
        (f0 - f0 of the reference) / f0 of the reference.
    log_loss, log_loss_sigma
        Natural logarithm of 1/Q_0, of 1/Q_L where the fit gives no Q_0.
    reference_log_loss, reference_log_loss_sigma
        The same of the reference.
    log_energy_ratio
        Natural logarithm of the energy in the resonator over that in the reference
        at the same drive, from Q_L^2 / Q_e.
    """

    reference_hz: float
    shift: float
    shift_sigma: float
    log_loss: float
    log_loss_sigma: float
    reference_log_loss: float
    reference_log_loss_sigma: float
    log_energy_ratio: float


def observe(
    sweep: ResonanceEstimate, reference: ResonanceEstimate
) -> LineObservation | None:
    """Compare two fits of one line; None where one of them has no numbers.

    A fit that is not ``ok`` counts with larger uncertainties.
    """
    line, known = _Line.of(sweep), _Line.of(reference)
    if line is None or known is None:
        return None
    return LineObservation(
        reference_hz=known.f0_hz,
        shift=(line.f0_hz - known.f0_hz) / known.f0_hz,
        shift_sigma=math.hypot(line.f0_sigma, known.f0_sigma),
        log_loss=math.log(line.line_loss),
        log_loss_sigma=line.loss_sigma,
        reference_log_loss=math.log(known.line_loss),
        reference_log_loss_sigma=known.loss_sigma,
        log_energy_ratio=math.log(line.energy_factor / known.energy_factor),
    )


def fit_lines(
    frequency_hz: npt.NDArray[np.float64],
    traces: Mapping[str, npt.NDArray[np.complexfloating]],
) -> dict[str, ResonanceEstimate]:
    """Fit the line of every trace, by name."""
    return {
        name: fit_resonance(frequency_hz, trace, name=name)
        for name, trace in traces.items()
    }


def observe_sweep(
    sweep: Mapping[str, ResonanceEstimate], reference: Mapping[str, ResonanceEstimate]
) -> LineObservation | None:
    """Compare the traces of a sweep and take the one whose shift is surest."""
    found = [
        observation
        for name in sorted(sweep.keys() & reference.keys())
        if (observation := observe(sweep[name], reference[name])) is not None
    ]
    return min(found, key=lambda each: each.shift_sigma, default=None)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Observations as columns, each of shape (sweep,)."""

    columns: Mapping[str, Reals]

    @classmethod
    def of(cls, observations: Sequence[LineObservation]) -> "Table":
        """Turn observations into columns."""
        return cls(
            {
                field.name: np.array(
                    [getattr(each, field.name) for each in observations]
                )
                for field in fields(LineObservation)
            }
        )

    def __getitem__(self, name: str) -> Reals:
        return self.columns[name]

    def __len__(self) -> int:
        return int(self.columns["shift"].size)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "Table":
        """Choose sweeps."""
        return Table({name: values[rows] for name, values in self.columns.items()})


@dataclass(frozen=True, slots=True)
class _Line:
    f0_hz: float
    f0_sigma: float
    line_loss: float
    loss_sigma: float
    energy_factor: float

    @classmethod
    def of(cls, fit: ResonanceEstimate) -> "_Line | None":
        if fit.resonant_frequency_hz is None or fit.loaded_q is None:
            return None
        unloaded = fit.unloaded_q is not None and fit.unloaded_q > 0.0
        quality = fit.unloaded_q if unloaded else fit.loaded_q
        sigma = fit.unloaded_q_sigma if unloaded else fit.loaded_q_sigma
        if quality is None or not quality > 0.0 or not fit.loaded_q > 0.0:
            return None
        relative = min((sigma or 0.0) / quality, 1.0)
        f0_sigma = (fit.resonant_frequency_sigma_hz or 0.0) / fit.resonant_frequency_hz
        if fit.state is not ResonanceState.OK:
            relative = math.hypot(relative, _UNSURE_LOSS)
            f0_sigma = math.hypot(f0_sigma, _UNSURE_WIDTHS / fit.loaded_q)
        coupling = fit.coupling_q if (fit.coupling_q or 0.0) > 0.0 else fit.loaded_q
        return cls(
            f0_hz=fit.resonant_frequency_hz,
            f0_sigma=f0_sigma,
            line_loss=1.0 / quality,
            loss_sigma=max(relative, _LEAST_SIGMA),
            energy_factor=fit.loaded_q**2 / (coupling or fit.loaded_q),
        )
