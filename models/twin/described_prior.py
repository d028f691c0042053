"""What a description, or a fitted twin, leaves open of a receiver's constants."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import (
    ParameterOutOfRangeError,
    ReceiverHardware,
    list_constants,
    with_constants,
)
from instruments.simulation.physics.chain.ranges import check_ranges
from models.twin.archive_sweeps import UnusableCalibrationError
from models.twin.joint_prior import SharedPrior
from models.twin.limits_map import Knowledge
from models.twin.parameters import cycle_constants, hardware_constants

Reals = npt.NDArray[np.float64]

_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedTwin:
    """A receiver, and what is uncertain about it in a new thermal cycle.

    Attributes
    ----------
    hardware
        The receiver.
    shared
        Its uncertain constants.
    """

    hardware: ReceiverHardware
    shared: SharedPrior


def described_twin(
    receiver: ReceiverHardware, path: Path | None, knowledge: Knowledge
) -> DescribedTwin:
    """Return a receiver with the constants of a JSON file, and their uncertainty.

    What a thermal cycle moves is free with its spread; to that comes what the file
    says: each constant's ``sigma``, or the whole ``covariance`` in their order.

    Parameters
    ----------
    receiver
        What the file does not name stays as in this one.
    path
        Such as ``halowatch twin fit --output`` writes.
    knowledge
        Whether everything else is known exactly, or as bought.

    Raises
    ------
    UnusableCalibrationError
        If the file is no description of this receiver, or a fit without an outcome.
    """
    document = {} if path is None else _read(path)
    try:
        values, sigmas = _constants(document)
        hardware = with_constants(receiver, values)
        check_ranges(hardware)
        shared = _prior(hardware, knowledge, sigmas, document.get("covariance"))
    except (ParameterOutOfRangeError, ValueError, KeyError, TypeError) as error:
        raise UnusableCalibrationError(
            f"{path}: is no description of a receiver ({error}): give"
            ' {"constants": {"weak_line.parts.0.delay_s": 6.9e-9}}'
        ) from None
    return DescribedTwin(hardware=hardware, shared=shared)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UnusableCalibrationError(
                f"{path}: is longer than {_MOST_BYTES >> 20} MiB, too long for a twin"
            )
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise UnusableCalibrationError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UnusableCalibrationError(f"{path}: is no JSON ({error})") from None
    if not isinstance(document, dict) or not isinstance(
        document.get("constants"), dict
    ):
        raise UnusableCalibrationError(
            f"{path}: holds no constants: give what halowatch twin fit --output writes"
        )
    if document.get("state") == "misfit":
        raise UnusableCalibrationError(
            f"{path}: is a fit that ended as a misfit and holds no constants: describe"
            " the receiver better and fit again"
        )
    return document


def _constants(
    document: Mapping[str, Any],
) -> tuple[dict[str, float], dict[str, float]]:
    values, sigmas = {}, {}
    for name, entry in document.get("constants", {}).items():
        if isinstance(entry, dict):
            values[name] = float(entry["value"])
            sigmas[name] = float(entry.get("sigma", 0.0))
        else:
            values[name], sigmas[name] = float(entry), 0.0
        if not (np.isfinite(values[name]) and 0.0 <= sigmas[name] < np.inf):
            raise ValueError(f"{name} must be a finite number, and so must its sigma")
    return values, sigmas


def _prior(
    hardware: ReceiverHardware,
    knowledge: Knowledge,
    sigmas: Mapping[str, float],
    covariance: Any,
) -> SharedPrior:
    moved = {known.name: known.prior_sigma for known in cycle_constants(hardware)}
    bought = {}
    if knowledge is Knowledge.CATALOGUE:
        bought = {one.name: one.prior_sigma for one in hardware_constants(hardware)}
    known = []
    variances = []
    for one in list_constants(hardware):
        # What was fitted is no longer known as bought.
        fitted = sigmas.get(one.name, 0.0)
        own = 0.0 if fitted > 0.0 else bought.get(one.name, 0.0)
        variance = moved.get(one.name, 0.0) ** 2 + own**2
        if variance > 0.0 or fitted > 0.0:
            known.append(one)
            variances.append(variance)
    names = tuple(one.name for one in known)
    matrix = np.diag(variances) + _fitted(names, sigmas, covariance)
    return SharedPrior(
        names=names,
        centre=np.asarray([one.value for one in known]),
        factor=_factor(matrix),
        low=np.asarray([one.low for one in known]),
        high=np.asarray([one.high for one in known]),
    )


def _fitted(
    names: tuple[str, ...], sigmas: Mapping[str, float], covariance: Any
) -> Reals:
    """Return the covariance of a fit, rows in the order of the names."""
    if covariance is None:
        return np.diag([sigmas.get(name, 0.0) ** 2 for name in names])
    matrix = np.asarray(covariance, dtype=np.float64)
    if matrix.shape != (len(sigmas), len(sigmas)) or not np.isfinite(matrix).all():
        raise ValueError(
            f"covariance must be {len(sigmas)} x {len(sigmas)} finite numbers"
        )
    order = {name: index for index, name in enumerate(sigmas)}
    found = np.zeros((len(names), len(names)))
    rows = [row for row, name in enumerate(names) if name in order]
    theirs = [order[names[row]] for row in rows]
    found[np.ix_(rows, rows)] = matrix[np.ix_(theirs, theirs)]
    return found


def _factor(covariance: Reals) -> Reals:
    """Return the lower factor, worked out where all numbers are of one size."""
    sigma = np.sqrt(np.diag(covariance))
    try:
        factor = np.linalg.cholesky(covariance / np.outer(sigma, sigma))
    except np.linalg.LinAlgError:
        raise ValueError("covariance is not positive definite") from None
    return np.asarray(sigma[:, None] * factor)
