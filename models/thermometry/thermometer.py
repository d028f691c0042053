"""A resonator as thermometer: a density over temperature from its line."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.calibration.novelty import FLAG_BELOW
from models.errors import ModelFolderError, TrainingRefusedError
from models.thermometry.device import Device
from models.thermometry.emulator import GRID_SIZE, SATURATION_SIZE, Emulator
from models.thermometry.observation import LineObservation, Table
from models.thermometry.physics import Reals
from models.thermometry.posterior import (
    calibrate,
    density_of,
    prior_over,
    quantiles_of,
    strangeness_of,
)

LEAST_SWEEPS = 12
"""Fewer labelled lines teach no thermometer."""

WIDEST = 0.5
"""An interval over more of the learnt range, in K, is called no estimate."""

_SHAPES = {
    "device": (8,),
    "spread": (2,),
    "reference_ln_k": (2,),
    "grid_k": (GRID_SIZE,),
    "saturation": (SATURATION_SIZE,),
    "loss_departure": (SATURATION_SIZE, GRID_SIZE),
    "loss_sigma": (SATURATION_SIZE, GRID_SIZE),
    "shift_departure": (GRID_SIZE,),
    "shift_sigma": (GRID_SIZE,),
    "prior": (GRID_SIZE,),
    "widening": (1,),
    "strange": (1,),
}


class ThermometryState(StrEnum):
    """Whether a temperature could be told."""

    ESTIMATED = "estimated"
    NOT_DETERMINABLE = "not_determinable"
    NO_REFERENCE = "no_reference"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TemperatureJudgement:
    """What a line says of the temperature.

    Attributes
    ----------
    reason
        One sentence on any state but ``estimated``.
    quantiles_k
        At :data:`models.networks.density.LEVELS`, rising; shape (level,). Those of the
        prior where nothing was learnt from the sweep.
    density
        Probability of every temperature of the thermometer's grid,
        shape (temperature,).
    p_value
        How often a device of the family shows a line as strange; None without a line.
    """

    state: ThermometryState
    reason: str | None
    quantiles_k: Reals
    density: Reals
    p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResonatorThermometer:
    """A family of resonators that tells temperature.

    Attributes
    ----------
    prior
        Probability of the emulator's temperatures before a sweep was seen.
    widening_factor
        Factor on all standard deviations but those between devices, from devices left
        out.
    strange_threshold
        Distance above which a line is none of the family.
    """

    emulator: Emulator
    prior: Reals
    widening_factor: float
    strange_threshold: float

    @classmethod
    def fit(
        cls,
        observations: Sequence[LineObservation | None],
        temperature_k: Reals,
        reference_k: Reals,
        cavity: npt.NDArray[np.str_],
        thermal_cycle: npt.NDArray[np.str_],
    ) -> Self:
        """Learn from observed lines; the same input gives the same thermometer.

        Parameters
        ----------
        observations
            One a sweep; None where the line or its reference could not be fitted.
        temperature_k, reference_k
            Temperature of each sweep and of its reference in K, NaN where unknown;
            shape (sweep,).
        cavity, thermal_cycle
            Whose line it is and in which cycle, shape (sweep,).

        Raises
        ------
        TrainingRefusedError
            If too few sweeps have a line, a reference and both temperatures.
        """
        known = (temperature_k > 0.0) & (reference_k > 0.0)
        rows = np.array(
            [
                row
                for row, each in enumerate(observations)
                if each is not None and known[row]
            ],
            dtype=np.intp,
        )
        if rows.size < LEAST_SWEEPS:
            raise TrainingRefusedError(
                f"{rows.size} sweeps show a resonance, have a reference and are "
                f"labelled with both temperatures, a thermometer takes {LEAST_SWEEPS}: "
                "add narrow sweeps over the line or label the references"
            )
        table = Table.of([each for row in rows if (each := observations[row])])
        labels = (temperature_k[rows], reference_k[rows], cavity[rows])
        emulator = Emulator.fit(table, *labels)
        # A device never seen is harder than a cycle never seen.
        group = cavity if np.unique(labels[2]).size > 1 else thermal_cycle
        widening, strange = calibrate(table, *labels, group[rows], whole=emulator)
        return cls(
            emulator=emulator,
            prior=prior_over(emulator.grid_k, labels[0]),
            widening_factor=widening,
            strange_threshold=strange,
        )

    @property
    def grid_k(self) -> Reals:
        """Temperatures of the density in K, even in their logarithm."""
        return self.emulator.grid_k

    def judge(
        self, observation: LineObservation | None, *, has_reference: bool = True
    ) -> TemperatureJudgement:
        """Tell the temperature of a line.

        Parameters
        ----------
        observation
            None where the line or its reference could not be fitted.
        has_reference
            Whether the cavity has a reference in this thermal cycle.
        """
        if not has_reference:
            return self._nothing(
                ThermometryState.NO_REFERENCE,
                "the cavity has no reference in this thermal cycle: register a narrow "
                "sweep at a known good state",
            )
        if observation is None:
            return self._nothing(
                ThermometryState.NOT_DETERMINABLE,
                "no line could be fitted in the sweep or in its reference",
            )
        distance, log_determinant = self.emulator.distance(
            Table.of([observation]), self.widening_factor
        )
        p_value = strangeness_of(float(distance.min()), self.strange_threshold)
        if p_value < FLAG_BELOW:
            return self._nothing(
                ThermometryState.NOT_DETERMINABLE,
                "the line moved and broadened as none that was learnt from",
                p_value,
            )
        density = density_of(distance, log_determinant, self.prior)
        quantiles_k = quantiles_of(density, self.grid_k)
        reason = self._too_wide(quantiles_k)
        return TemperatureJudgement(
            state=ThermometryState.NOT_DETERMINABLE
            if reason
            else ThermometryState.ESTIMATED,
            reason=reason,
            quantiles_k=quantiles_k,
            density=density,
            p_value=p_value,
        )

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return all that was learnt, by name."""
        emulator = self.emulator
        arrays = {
            name: getattr(emulator, name) for name in _SHAPES if hasattr(emulator, name)
        }
        arrays["device"] = np.array(astuple(emulator.device))
        arrays["prior"] = self.prior
        arrays["widening"] = np.array([self.widening_factor])
        arrays["strange"] = np.array([self.strange_threshold])
        return {
            name: np.ascontiguousarray(value, dtype=np.float64)
            for name, value in arrays.items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Rebuild a thermometer.

        Raises
        ------
        ModelFolderError
            If an array is missing, left over, not finite or of another shape.
        """
        _check(arrays)
        read = {name: np.asarray(arrays[name], dtype=np.float64) for name in _SHAPES}
        device = Device(
            **dict(zip(Device.__dataclass_fields__, read.pop("device"), strict=True))
        )
        own = {name: read.pop(name) for name in ("prior", "widening", "strange")}
        return cls(
            emulator=Emulator(device=device, **read),
            prior=own["prior"],
            widening_factor=float(own["widening"][0]),
            strange_threshold=float(own["strange"][0]),
        )

    def _nothing(
        self, state: ThermometryState, reason: str, p_value: float | None = None
    ) -> TemperatureJudgement:
        return TemperatureJudgement(
            state=state,
            reason=reason,
            quantiles_k=quantiles_of(self.prior, self.grid_k),
            density=self.prior,
            p_value=p_value,
        )

    def _too_wide(self, quantiles_k: Reals) -> str | None:
        low, high = float(quantiles_k[0]), float(quantiles_k[-1])
        if high - low <= WIDEST * float(self.grid_k[-1] - self.grid_k[0]):
            return None
        return f"the line fits temperatures from {low:.3g} to {high:.3g} K alike"


def _check(arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    if odd := sorted(_SHAPES.keys() ^ arrays.keys()):
        raise ModelFolderError(
            f"thermometer: array {odd[0][:80]!r} is missing or unknown"
        )
    for name, shape in _SHAPES.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ModelFolderError(
                f"thermometer: array {name!r} must be finite and of shape {shape}"
            )
