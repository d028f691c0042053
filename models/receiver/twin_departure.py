"""How far a sweep is from all that the fitted twin of its receiver shows.

Sweeps that a twin simulates, connectors mated anew in every cycle, teach a healthy
emulator in the coordinates of the laboratory's sweeps: its mean is the twin's answer to
temperature and field, its covariance the twin's nuisances and noise. So the mean square
of a sweep's whitened residuals at its best temperature and field is the chi-square of a
fit whose nuisances are linearised around the twin and marginalised.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from models.calibration import NoveltyCalibration
from models.calibration.novelty import GRID_SIZE
from models.coordinates import CoordinateForm, Coordinates
from models.coordinates.layout import band_shares
from models.coordinates.signal import Reals
from models.emulation import HealthyEmulator, PosteriorReader
from models.emulation.storing import (
    check_emulator,
    emulator_arrays,
    emulator_of,
    emulator_record,
)
from models.errors import MALFORMED, ModelFolderError
from models.preprocessing.signature import BAND_COUNT
from models.stored_arrays import Arrays, ArrayTaker

TWIN = "twin_chi_square"
"""Name of the score."""

OWNER = "twin"
"""Whose the arrays and numbers are, for the sentence of a refusal."""


@dataclass(frozen=True, slots=True, eq=False)
class TwinReading:
    """What was found of sweeps; the first axis is the sweep.

    Attributes
    ----------
    chi_square
        For each coordinate, NaN where a trace is missing, shape (sweep,).
    shares
        What each trace and band adds, of a sum of one, shape (sweep, trace, band).
    """

    chi_square: Reals
    shares: Reals


@dataclass(frozen=True, kw_only=True, eq=False)
class TwinDeparture:
    """The twin's sweeps, learnt, and what is usual of the laboratory's.

    Attributes
    ----------
    form
        How sweeps are put into coordinates.
    emulator
        Of the twin's healthy sweeps.
    calibration
        Chi-squares of the laboratory's healthy sweeps, none of which the twin has seen.
    """

    form: CoordinateForm
    emulator: HealthyEmulator
    calibration: NoveltyCalibration

    def read(self, coordinates: Coordinates) -> TwinReading:
        """Compare sweeps that have every trace."""
        return departures(self.form, self._reader, coordinates)

    def p_values(self, chi_square: Reals) -> Reals:
        """Return how often a healthy sweep is as far away, shape (sweep,)."""
        whole = np.where(np.isfinite(chi_square), chi_square, 0.0)
        found = self.calibration.p_values(whole[:, None])[:, 0]
        return np.where(np.isfinite(chi_square), found, np.nan)

    @cached_property
    def _reader(self) -> PosteriorReader:
        return reader_of(self.emulator)


def reader_of(emulator: HealthyEmulator) -> PosteriorReader:
    """Return what reads sweeps that have every trace."""
    return PosteriorReader(emulator, np.ones(emulator.centre.size, dtype=np.bool_))


def departures(
    form: CoordinateForm, reader: PosteriorReader, coordinates: Coordinates
) -> TwinReading:
    """Compare sweeps that have every trace with what an emulator has learnt."""
    count = coordinates.values.shape[0]
    chi_square = np.full(count, np.nan)
    shares = np.zeros((count, len(form.traces), BAND_COUNT))
    whole = np.isfinite(coordinates.values).all(axis=1)
    if whole.any():
        posterior = reader.read(coordinates.values[whole])
        chi_square[whole] = posterior.chi_square
        shares[whole] = band_shares(
            form, posterior.residuals, posterior.departures, BAND_COUNT
        )
    return TwinReading(chi_square, shares)


def twin_record(twin: TwinDeparture) -> dict[str, Any]:
    """Return all of a comparison that is no array; its form is the networks' own."""
    return emulator_record(twin.emulator) | {
        "sweep_count": twin.calibration.sweep_count
    }


def twin_arrays(twin: TwinDeparture) -> Arrays:
    """Return all arrays of a comparison by name."""
    return emulator_arrays(twin.emulator) | {
        "quantiles": twin.calibration.quantiles,
        "tail": twin.calibration.tail,
    }


def twin_of(
    record: Mapping[str, Any] | None, arrays: Arrays, form: CoordinateForm | None
) -> TwinDeparture | None:
    """Rebuild a comparison; None where a model has none.

    Parameters
    ----------
    form
        The networks' coordinates, where they have any.

    Raises
    ------
    ModelFolderError
        If the record is malformed, or an array is missing, left over or absurd.
    """
    if record is None and not arrays:
        return None
    if record is None or form is None:
        lack = "nothing of it" if record is None else "no coordinates for it"
        raise ModelFolderError(f"{OWNER}: the manifest holds {lack}")
    try:
        return _twin_of(record, arrays, form)
    except MALFORMED as error:
        raise ModelFolderError(
            f"{OWNER}: the record is incomplete or malformed ({str(error)[:80]})"
        ) from None


def _twin_of(
    record: Mapping[str, Any], arrays: Arrays, form: CoordinateForm
) -> TwinDeparture:
    check_emulator(record, OWNER)
    taker = ArrayTaker(arrays, OWNER)
    emulator = emulator_of(record, taker, len(form.names), OWNER)
    calibration = NoveltyCalibration(
        quantiles=taker.take("quantiles", (1, GRID_SIZE)),
        tail=taker.take("tail", (1,)),
        sweep_count=int(record["sweep_count"]),
        names=(TWIN,),
    )
    taker.finish()
    if calibration.sweep_count < 1 or not (calibration.quantiles > 0).all():
        raise ModelFolderError(f"{OWNER}: a number is not positive")
    return TwinDeparture(form=form, emulator=emulator, calibration=calibration)
