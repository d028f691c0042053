"""A receiver in a JSON file: its constants, and how well a fit knows them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import (
    ParameterOutOfRangeError,
    ReceiverHardware,
    usual_receiver,
    with_constants,
)
from instruments.simulation.physics.chain.ranges import check_ranges
from models.errors import ModelError

Reals = npt.NDArray[np.float64]

_MOST_BYTES = 64 * 1024 * 1024


class UnusableDescriptionError(ModelError):
    """A file that describes no receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a file says of a receiver; an empty one says nothing.

    Attributes
    ----------
    path
        Where it was read, None for nowhere.
    values, sigmas
        Constants by name, and their standard deviations, 0 where none is told, in the
        constants' units.
    covariance
        Of the constants in their order, shape (constant, constant); None if not told.
    delay_sigmas_s
        Standard deviation of a line's delay in s, by line.
    has_jpa
        Whether the receiver has a JPA, None if not told.
    """

    path: Path | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    sigmas: Mapping[str, float] = field(default_factory=dict)
    covariance: Reals | None = None
    delay_sigmas_s: Mapping[str, float] = field(default_factory=dict)
    has_jpa: bool | None = None

    def refusal(self, error: Exception) -> UnusableDescriptionError:
        """Return what is said of a file whose content is not as it should be."""
        return _refusal(self.path, error)

    def usual(self, *, has_jpa: bool | None = None) -> ReceiverHardware:
        """Return the usual receiver, with a JPA where there is one.

        Parameters
        ----------
        has_jpa
            Whether there is; what the file says where None, and that there is one
            where it says nothing.
        """
        told = self.has_jpa if has_jpa is None else has_jpa
        return usual_receiver(has_jpa=told is not False)

    def applied_to(self, receiver: ReceiverHardware) -> ReceiverHardware:
        """Return a receiver with these constants.

        Raises
        ------
        UnusableDescriptionError
            If a constant is none of the receiver's, or out of its range.
        """
        try:
            described = with_constants(receiver, self.values)
            check_ranges(described)
        except (ParameterOutOfRangeError, KeyError) as error:
            raise self.refusal(error) from None
        return described


def read_description(path: Path | None) -> Description:
    """Return what a JSON file says, such as ``halowatch twin fit --output`` writes.

    Raises
    ------
    UnusableDescriptionError
        If the file is no description, or a fit without an outcome.
    """
    if path is None:
        return Description()
    document = _read(path)
    try:
        values, sigmas = _constants(document["constants"])
        delays = {
            str(one["name"]): float(one["sigma_s"])
            for one in document.get("delays", ())
        }
        covariance = _covariance(document.get("covariance"), len(values))
        has_jpa = _truth("has_jpa", document.get("has_jpa"))
    except (ValueError, KeyError, TypeError) as error:
        raise _refusal(path, error) from None
    return Description(
        path=path,
        values=values,
        sigmas=sigmas,
        covariance=covariance,
        delay_sigmas_s=delays,
        has_jpa=has_jpa,
    )


def _refusal(path: Path | None, error: Exception) -> UnusableDescriptionError:
    return UnusableDescriptionError(
        f"{path}: is no description of a receiver ({error}): give"
        ' {"constants": {"weak_line.parts.0.delay_s": 6.9e-9}}'
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UnusableDescriptionError(
                f"{path}: is longer than {_MOST_BYTES >> 20} MiB, too long for a twin"
            )
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise UnusableDescriptionError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UnusableDescriptionError(f"{path}: is no JSON ({error})") from None
    if not isinstance(document, dict) or not isinstance(
        document.get("constants"), dict
    ):
        raise UnusableDescriptionError(
            f"{path}: holds no constants: give what halowatch twin fit --output writes"
        )
    if document.get("state") == "misfit":
        raise UnusableDescriptionError(
            f"{path}: is a fit that ended as a misfit and holds no constants: describe"
            " the receiver better and fit again"
        )
    return document


def _constants(
    constants: Mapping[str, Any],
) -> tuple[dict[str, float], dict[str, float]]:
    values, sigmas = {}, {}
    for name, entry in constants.items():
        if isinstance(entry, dict):
            values[name] = float(entry["value"])
            sigmas[name] = float(entry.get("sigma", 0.0))
        else:
            values[name], sigmas[name] = float(entry), 0.0
        if not (np.isfinite(values[name]) and 0.0 <= sigmas[name] < np.inf):
            raise ValueError(f"{name} must be a finite number, and so must its sigma")
    return values, sigmas


def _truth(name: str, value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise ValueError(f"{name} must be true or false")


def _covariance(rows: Any, count: int) -> Reals | None:
    if rows is None:
        return None
    matrix = np.asarray(rows, dtype=np.float64)
    if matrix.shape != (count, count) or not np.isfinite(matrix).all():
        raise ValueError(f"covariance must be {count} x {count} finite numbers")
    return matrix
