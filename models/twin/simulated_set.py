"""Sets to learn from, simulated from the twin that was fitted to a cavity."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.files import LabelledArchive
from instruments.simulation.drawn_states import StateSpan
from instruments.simulation.physics.chain import (
    ReceiverHardware,
    list_constants,
    with_constants,
)
from instruments.simulation.state_archive import SweepLayout, record_states
from models.progress import Listener
from models.twin.archive_sweeps import (
    UnusableCalibrationError,
    archive_sweep,
    wide_sweeps,
)
from models.twin.calibration_set import Reals
from models.twin.description import Description
from models.twin.precise_sweep import CHAIN_ELEMENTS

Rows = npt.NDArray[np.intp]

_ROD = "rod_position_ratio"
_USUAL_RODS = np.asarray([0.45, 0.55])


def simulate_set(
    path: Path,
    measured: LabelledArchive,
    cavity: str,
    receiver: ReceiverHardware,
    description: Description,
    *,
    seed: int,
    cycles: int,
    sweeps_per_cycle: int,
    tell: Listener | None = None,
) -> int:
    """Write an archive simulated from a fitted twin; return its number of sweeps.

    Parameters
    ----------
    measured
        Sweeps of the laboratory: their axis, traces and settings are taken over,
        states are drawn around theirs.
    receiver
        The fitted receiver.
    description
        The fit; where it tells a covariance every cycle draws its constants anew.
    tell
        Is called with each thermal cycle that is written, and the share of the whole.

    Raises
    ------
    UnusableCalibrationError
        If the archive holds no wide labelled sweep of the cavity, or a trace that the
        twin does not have.
    """
    rows = _known_rows(measured, cavity)
    rng = np.random.default_rng([seed, 31])
    return record_states(
        path,
        cavity,
        draw_units(receiver, description, rng, cycles),
        layout_of(measured, int(rows[0])),
        span_of(measured, rows),
        seed=seed,
        sweeps_per_cycle=sweeps_per_cycle,
        tell=tell,
    )


def draw_units(
    receiver: ReceiverHardware,
    description: Description,
    rng: np.random.Generator,
    count: int,
) -> list[ReceiverHardware]:
    """Draw receivers that a fit allows; all alike where it tells no covariance.

    Deviations without their correlations would be far too wide together: most
    constants of a line are known in sum only.
    """
    if description.covariance is None:
        return [receiver] * count
    # Seconds and hertz differ by twenty decades: the correlations are decomposed.
    sigma = np.sqrt(np.maximum(np.diag(description.covariance), 0.0))
    scale = np.where(sigma > 0.0, sigma, 1.0)
    correlation = description.covariance / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(correlation)
    root = sigma[:, None] * vectors * np.sqrt(np.maximum(values, 0.0))
    centre = np.asarray(list(description.values.values()))
    drawn = centre + rng.standard_normal((count, centre.size)) @ root.T
    limits = {known.name: known for known in list_constants(receiver)}
    low, high = (
        np.asarray([getattr(limits[name], end) for name in description.values])
        for end in ("low", "high")
    )
    return [
        _with_values(receiver, description, np.clip(row, low, high)) for row in drawn
    ]


def layout_of(measured: LabelledArchive, row: int) -> SweepLayout:
    """Return how a measured sweep was taken.

    Raises
    ------
    UnusableCalibrationError
        If it holds a trace that the twin does not have.
    """
    foreign = [name for name in measured.s_parameters if name not in CHAIN_ELEMENTS]
    if foreign:
        raise UnusableCalibrationError(
            f"the twin has no trace {foreign[0]}, it has {', '.join(CHAIN_ELEMENTS)}: "
            "leave it out of the archive"
        )
    return SweepLayout(
        frequency_hz=np.asarray(measured.axis(row), dtype=np.float64),
        s_parameters=tuple(measured.s_parameters),
        settings=archive_sweep(measured, row).settings,
    )


def span_of(measured: LabelledArchive, rows: Rows) -> StateSpan:
    """Return the states of measured sweeps, for others to be drawn around.

    Parameters
    ----------
    rows
        Sweeps whose temperature is known, shape (sweep,).
    """
    references = rows[measured.is_reference[rows]]
    if not references.size:
        references = rows
    rods = _known(measured.labels.get(_ROD), rows)
    fields = _known(measured.magnetic_field_tesla, rows)
    named = [] if measured.condition is None else measured.condition[rows].tolist()
    return StateSpan(
        temperature_k=_known(measured.temperature_k, rows),
        field_tesla=fields if fields.size else np.zeros(1),
        reference_k=_known(measured.temperature_k, references),
        rod_position_ratio=rods if rods.size else _USUAL_RODS,
        failures=tuple(sorted(set(named))),
        base=archive_sweep(measured, int(references[0])).point,
    )


def _known_rows(measured: LabelledArchive, cavity: str) -> Rows:
    """Return the wide sweeps of a cavity whose temperature is known."""
    rows = np.asarray(wide_sweeps(measured, cavity), dtype=np.intp)
    if measured.temperature_k is None:
        rows = rows[:0]
    else:
        with np.errstate(invalid="ignore"):
            rows = rows[measured.temperature_k[rows] > 0.0]
    if not rows.size:
        raise UnusableCalibrationError(
            f"no wide sweep of cavity {cavity} has a temperature_k: states are drawn "
            "around known ones, label some"
        )
    return rows


def _known(column: npt.NDArray[Any] | None, rows: Rows) -> Reals:
    if column is None:
        return np.empty(0)
    values = np.asarray(column[rows], dtype=np.float64)
    return np.asarray(values[np.isfinite(values)])


def _with_values(
    receiver: ReceiverHardware, description: Description, values: Reals
) -> ReceiverHardware:
    named = dict(zip(description.values, values.tolist(), strict=True))
    return with_constants(receiver, named)
