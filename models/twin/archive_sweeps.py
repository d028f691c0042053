"""Calibration sweeps out of a labelled archive."""

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.files import LabelledArchive
from instruments.simulation.physics.chain import (
    OperatingPoint,
    ParameterOutOfRangeError,
    SweepSettings,
    list_constants,
    plates_at,
    with_constants,
)
from instruments.simulation.physics.chain.ranges import check_ranges
from models.errors import ModelError
from models.twin.calibration_set import CalibrationSweep
from models.twin.precise_sweep import (
    CHAIN_ELEMENTS,
    DEFAULT_POWER_DBM,
    MeasuredSweep,
    ReferenceSweep,
)

USUAL_SETTINGS = SweepSettings()
"""1 kHz of IF bandwidth, no averages."""

_WIDE_HZ = 5e8
# What is asked is not told, and what follows from it neither.
_ASKED_LABELS = (
    "plates.*",
    "cavity_temperature_k",
    "rod_temperature_k",
    "magnetic_field_tesla",
    "remanent_field_tesla",
)


class UnusableCalibrationError(ModelError):
    """An archive that no twin can be fitted to."""


def archive_sweep(archive: LabelledArchive, index: int) -> CalibrationSweep:
    """Return one sweep of an archive with the state its labels tell.

    ``temperature_k`` sets the plates, the cavity and the rod; ``magnetic_field_tesla``
    the stray field; a further label that is named as a value of the operating point
    sets it; ``if_bandwidth_hz`` and ``averaging_count`` set the noise.

    Raises
    ------
    UnusableCalibrationError
        If the sweep's temperature is unknown, or it holds none of the chain's traces.
    """
    known = archive.temperature_k
    temperature_k = np.nan if known is None else float(known[index])
    if not np.isfinite(temperature_k):
        raise UnusableCalibrationError(
            f"sweep {index} has no temperature_k: label it, a fit needs known states"
        )
    labels = _labels(archive, index)
    return CalibrationSweep(
        frequency_hz=np.asarray(archive.axis(index), dtype=np.float64),
        traces=_traces(archive, index),
        point=_point(archive, index, temperature_k, labels),
        settings=_settings(labels),
    )


def measured_sweep(
    archive: LabelledArchive, index: int, usual: SweepSettings = USUAL_SETTINGS
) -> MeasuredSweep:
    """Return one sweep of an archive without its temperatures and fields.

    Other labels that are named as a value of the operating point are told, such as
    ``rod_position_ratio``.

    Parameters
    ----------
    usual
        Settings of sweeps whose labels do not tell them.

    Raises
    ------
    UnusableCalibrationError
        If the sweep holds none of the chain's traces, or a label is out of range.
    """
    labels = _labels(archive, index)
    told = {
        known.name: float(labels[known.name])
        for known in list_constants(OperatingPoint())
        if known.name in labels
        and not any(fnmatchcase(known.name, asked) for asked in _ASKED_LABELS)
        and np.isfinite(float(labels[known.name]))
    }
    try:
        check_ranges(with_constants(OperatingPoint(), told))
    except ParameterOutOfRangeError as error:
        raise UnusableCalibrationError(f"sweep {index}: {error}") from None
    power_dbm = told.pop("source_power_dbm", DEFAULT_POWER_DBM)
    return MeasuredSweep(
        frequency_hz=np.asarray(archive.axis(index), dtype=np.float64),
        traces=_traces(archive, index),
        settings=_settings(labels, usual),
        source_power_dbm=power_dbm,
        known_state=told,
    )


def reference_sweep(
    archive: LabelledArchive, index: int, usual: SweepSettings = USUAL_SETTINGS
) -> ReferenceSweep:
    """Return one sweep of an archive whose temperature and field are labelled.

    A field without a label is taken for none.

    Parameters
    ----------
    usual
        As in ``measured_sweep``.

    Raises
    ------
    UnusableCalibrationError
        If its temperature is unknown, or as in ``measured_sweep``.
    """
    point = archive_sweep(archive, index).point
    return ReferenceSweep(
        sweep=measured_sweep(archive, index, usual),
        temperature_k=float(point.plates.mixing_chamber_k),
        magnetic_field_tesla=float(point.magnetic_field_tesla),
    )


def wide_sweeps(archive: LabelledArchive, cavity: str) -> list[int]:
    """Return which sweeps of a cavity are wide.

    Raises
    ------
    UnusableCalibrationError
        If there is none.
    """
    own = np.flatnonzero(archive.cavity == cavity).tolist()
    if not own:
        names = ", ".join(sorted(set(archive.cavity.tolist())))
        raise UnusableCalibrationError(
            f"no sweep of cavity {cavity} in the archive: it has {names}"
        )
    wide = [index for index in own if np.ptp(archive.axis(index)) >= _WIDE_HZ]
    if not wide:
        raise UnusableCalibrationError(
            f"no sweep of cavity {cavity} spans {_WIDE_HZ / 1e6:g} MHz: lines are seen"
            " in wide sweeps only"
        )
    return wide


def calibration_sweeps(
    archive: LabelledArchive, cavity: str, limit: int
) -> list[CalibrationSweep]:
    """Return wide sweeps of a cavity, spread over switch, temperature and field.

    Parameters
    ----------
    limit
        How many at most.

    Raises
    ------
    UnusableCalibrationError
        If there is none of this cavity, or labels are missing.
    """
    wide = wide_sweeps(archive, cavity)
    sweeps = [archive_sweep(archive, index) for index in wide]
    sweeps.sort(
        key=lambda one: (
            one.point.switch_position_index,
            one.point.plates.mixing_chamber_k,
            one.point.magnetic_field_tesla,
        )
    )
    chosen = np.unique(np.linspace(0, len(sweeps) - 1, limit).round().astype(int))
    return [sweeps[index] for index in chosen]


def _labels(archive: LabelledArchive, index: int) -> dict[str, Any]:
    return {name: column[index] for name, column in archive.labels.items()}


def _settings(
    labels: Mapping[str, Any], usual: SweepSettings = USUAL_SETTINGS
) -> SweepSettings:
    bandwidth_hz = float(labels.get("if_bandwidth_hz", usual.if_bandwidth_hz))
    count = float(labels.get("averaging_count", usual.averaging_count))
    if not (0.0 < bandwidth_hz < np.inf and 1.0 <= count < np.inf):
        raise UnusableCalibrationError(
            f"if_bandwidth_hz is {bandwidth_hz:g} and averaging_count {count:g}: give"
            " a bandwidth above 0 Hz and at least one average"
        )
    return SweepSettings(if_bandwidth_hz=bandwidth_hz, averaging_count=int(count))


def _traces(
    archive: LabelledArchive, index: int
) -> dict[str, npt.NDArray[np.complex128]]:
    traces = {
        name: np.asarray(archive.s[index, row], dtype=np.complex128)
        for row, name in enumerate(archive.s_parameters)
        if name in CHAIN_ELEMENTS and np.isfinite(archive.s[index, row]).any()
    }
    if not traces:
        raise UnusableCalibrationError(
            f"sweep {index} holds none of {', '.join(CHAIN_ELEMENTS)}"
        )
    return traces


def _point(
    archive: LabelledArchive,
    index: int,
    temperature_k: float,
    labels: Mapping[str, Any],
) -> OperatingPoint:
    fields = archive.magnetic_field_tesla
    field_tesla = 0.0 if fields is None else float(np.nan_to_num(fields[index]))
    try:
        point = OperatingPoint(
            plates=plates_at(temperature_k),
            cavity_temperature_k=temperature_k,
            rod_temperature_k=temperature_k,
            magnetic_field_tesla=field_tesla,
        )
        named = {known.name for known in list_constants(point)}
        told = {
            name: float(value)
            for name, value in labels.items()
            if name in named and np.isfinite(float(value))
        }
        if "room_k" in labels:
            warm = float(labels["room_k"])
            point = replace(point, plates=replace(point.plates, room_k=warm))
        return with_constants(point, told)
    except (ParameterOutOfRangeError, ValueError) as error:
        raise UnusableCalibrationError(f"sweep {index}: {error}") from None
