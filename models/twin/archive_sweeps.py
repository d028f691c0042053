"""Calibration sweeps out of a labelled archive."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from instruments.files import LabelledArchive
from instruments.simulation.physics.chain import (
    OperatingPoint,
    ParameterOutOfRangeError,
    ReceiverHardware,
    SweepSettings,
    list_constants,
    plates_at,
    with_constants,
)
from models.errors import ModelError
from models.twin.calibration_set import CalibrationSweep

_WIDE_HZ = 5e8
_TRACES = ("S21", "S23", "S11", "S33", "S22")


class UnusableCalibrationError(ModelError):
    """An archive or a description that no twin can be fitted to."""


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
    labels = {name: column[index] for name, column in archive.labels.items()}
    known = archive.temperature_k
    temperature_k = np.nan if known is None else float(known[index])
    if not np.isfinite(temperature_k):
        raise UnusableCalibrationError(
            f"sweep {index} has no temperature_k: a fit needs known states"
        )
    traces = {
        name: np.asarray(archive.s[index, row], dtype=np.complex128)
        for row, name in enumerate(archive.s_parameters)
        if name in _TRACES and np.isfinite(archive.s[index, row]).any()
    }
    if not traces:
        raise UnusableCalibrationError(
            f"sweep {index} holds none of {', '.join(_TRACES)}"
        )
    return CalibrationSweep(
        frequency_hz=np.asarray(archive.axis(index), dtype=np.float64),
        traces=traces,
        point=_point(archive, index, temperature_k, labels),
        settings=SweepSettings(
            if_bandwidth_hz=float(labels.get("if_bandwidth_hz", 1000.0)),
            averaging_count=int(labels.get("averaging_count", 1)),
        ),
    )


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
    own = [
        index for index in range(archive.sweep_count) if archive.cavity[index] == cavity
    ]
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


def described_receiver(
    receiver: ReceiverHardware, path: Path | None
) -> ReceiverHardware:
    """Return a receiver with the constants of a JSON file, such as a fit's.

    Raises
    ------
    UnusableCalibrationError
        If the file is no description of this receiver.
    """
    if path is None:
        return receiver
    try:
        document = json.loads(path.read_text())
        constants: Mapping[str, Any] = document["constants"]
        values = {
            name: float(entry["value"] if isinstance(entry, dict) else entry)
            for name, entry in constants.items()
        }
        return with_constants(receiver, values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnusableCalibrationError(
            f"{path}: is no description of a receiver ({error}): give"
            ' {"constants": {"weak_line.parts.0.delay_s": 6.9e-9}}'
        ) from None


def described_sigmas_s(path: Path | None) -> dict[str, float]:
    """Return what a fit says of its lines' delays: standard deviation in s by line."""
    if path is None:
        return {}
    document = json.loads(path.read_text())
    return {
        str(one["name"]): float(one["sigma_s"]) for one in document.get("delays", [])
    }


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
