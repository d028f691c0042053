"""What a precise fit is given: measured sweeps, and a reference of known state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import (
    ReceiverHardware,
    SweepSettings,
    with_constants,
)
from models.errors import ModelError
from models.twin.joint_model import JointModel
from models.twin.limits_rows import noise_rows, rows_of, traces_of
from models.twin.limits_state import COLDEST_K, WARMEST_K, point_at
from models.twin.limits_sweep import SweepSetup, off_resonance, thinned

Reals = npt.NDArray[np.float64]
Samples = npt.NDArray[np.complex128]

CHAIN_ELEMENTS = ("S21", "S23", "S11", "S33", "S22")
"""Traces that the twin is compared in."""

DEFAULT_POWER_DBM = -20.0
"""Power at the VNA's port in dBm of sweeps that do not tell it."""

MOST_POINTS = 801
"""Longer axes are thinned to so many points: lines are smooth between them."""

_MASK_COUNT = 5


class UnusableSweepError(ModelError):
    """A sweep that a precise fit cannot look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSweep:
    """A wide sweep of which temperature and field are asked.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    traces
        Complex traces by S-parameter, shape (point,); NaN where nothing was measured.
    settings
        IF bandwidth and averages: the noise follows from them.
    source_power_dbm
        Power at the VNA's port in dBm.
    known_state
        Values of the operating point that are told, such as the rod's position.
    """

    frequency_hz: Reals
    traces: Mapping[str, Samples]
    settings: SweepSettings
    source_power_dbm: float = DEFAULT_POWER_DBM
    known_state: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSweep:
    """A sweep of the same thermal cycle whose temperature and field are known.

    Attributes
    ----------
    sweep
        The sweep.
    temperature_k, magnetic_field_tesla
        In K and tesla.
    """

    sweep: MeasuredSweep
    temperature_k: float
    magnetic_field_tesla: float


def is_measured(sweep: MeasuredSweep, name: str) -> bool:
    """Return whether a sweep holds any sample of a trace."""
    return name in sweep.traces and bool(np.isfinite(sweep.traces[name]).any())


def check_reference(reference: ReferenceSweep) -> None:
    """Refuse a reference whose state is none that can be asked for.

    Raises
    ------
    UnusableSweepError
        Naming temperature or field.
    """
    try:
        point_at(reference.temperature_k, reference.magnetic_field_tesla)
    except ValueError as error:
        raise UnusableSweepError(f"the reference's {error}") from None


def common_setup(
    sweep: MeasuredSweep, names: Sequence[str], hardware: ReceiverHardware
) -> SweepSetup:
    """Return what a fit looks at: the traces' points off every mode, warm or cold.

    Raises
    ------
    ValueError
        If every point lies on a mode of the cavity.
    """
    setup = SweepSetup(
        frequency_hz=sweep.frequency_hz,
        s_parameters=tuple(names),
        settings=sweep.settings,
        source_power_dbm=sweep.source_power_dbm,
    )
    # Thinning counts the noise of what it leaves out; here every point is its own.
    kept_hz = thinned(setup, MOST_POINTS).frequency_hz
    for temperature_k in np.geomspace(COLDEST_K, WARMEST_K, _MASK_COUNT):
        seen = SweepSetup(
            frequency_hz=kept_hz, s_parameters=tuple(names), settings=sweep.settings
        )
        point = with_constants(point_at(float(temperature_k), 0.0), sweep.known_state)
        kept_hz = off_resonance(seen, hardware, point).frequency_hz
    return SweepSetup(
        frequency_hz=kept_hz,
        s_parameters=tuple(names),
        settings=sweep.settings,
        source_power_dbm=sweep.source_power_dbm,
    )


def seen_rows(sweep: MeasuredSweep, setup: SweepSetup) -> Reals:
    """Return the sweep as rows, NaN where missing."""
    kept = np.isin(sweep.frequency_hz, setup.frequency_hz)
    return rows_of([sweep.traces[name][kept] for name in setup.s_parameters])


def noise_weights(
    model: JointModel, seen: Reals, places: Reals, index: int
) -> tuple[Reals, Reals]:
    """Return the rows with 0 where nothing was seen, and one over their noise.

    Parameters
    ----------
    seen
        Rows of one sweep, shape (trial, row); NaN where missing.
    places
        Where the receiver is taken to be, shape (trial, number).

    Notes
    -----
    The noise that grows with the signal is that of the samples, not of the model: a
    wrong place must not hide behind noise of its own.
    """
    setup = model.sweeps[index].setup
    is_seen = np.isfinite(seen)
    rows = np.where(is_seen, seen, 0.0)
    sigmas = noise_rows(
        setup,
        model.hardware_at(places),
        model.point_at(places, index),
        traces_of(rows, setup.s_parameters),
    )
    return rows, np.where(is_seen, 1.0 / sigmas, 0.0)
