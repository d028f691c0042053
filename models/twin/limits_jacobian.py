"""How a sweep moves with every uncertain number, in units of noise and of prior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from instruments.simulation.physics.chain import (
    Constant,
    OperatingPoint,
    Plate,
    ReceiverHardware,
    chain_response,
    read_constants,
    with_constants,
)
from instruments.simulation.physics.chain.ranges import constants_of
from models.twin.limits_rows import noise_rows, response_rows
from models.twin.limits_state import asked_slopes
from models.twin.limits_sweep import SweepSetup
from models.twin.parameters import state_constants, state_names

Reals = npt.NDArray[np.float64]
Record = TypeVar("Record")

_DIFFERENCED = (
    *(f"plates.{plate.value}_k" for plate in Plate),
    "cavity_temperature_k",
    "rod_temperature_k",
)
_STEP_RATIO = 1e-4
# Samples of one pass below which the number of operations counts, not their size.
_LARGEST_PASS = 8192
_LEAST_K = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSlopes:
    """Derivatives of one sweep over its noise, by numbers in units of their prior.

    Rows are real and imaginary parts of every point of every trace.

    Attributes
    ----------
    shared
        By the constants of the receiver, shape (row, constant).
    state
        By the state of this sweep alone, shape (row, state).
    asked
        By log10 of the temperature and by the field, shape (row, 2).
    """

    shared: Reals
    state: Reals
    asked: Reals


def sweep_slopes(
    setup: SweepSetup,
    hardware: ReceiverHardware,
    shared: Sequence[Constant],
    point: OperatingPoint,
) -> SweepSlopes:
    """Return the derivatives of a sweep.

    Parameters
    ----------
    shared
        Constants of the receiver that are uncertain, with their prior spreads.
    point
        Where to differentiate.
    """
    state = state_constants(point)
    names = [known.name for known in shared]
    raw = directed_slopes(setup, hardware, names, point, asked_slopes(point))[:, 0]
    raw /= noise_rows(setup, hardware, point)[None, :]
    own = np.asarray([known.prior_sigma for known in shared])
    spreads = np.asarray([known.prior_sigma for known in state])
    ends = (len(names), len(names) + len(state))
    return SweepSlopes(
        shared=(raw[: ends[0]] * own[:, None]).T,
        state=(raw[ends[0] : ends[1]] * spreads[:, None]).T,
        asked=raw[ends[1] :].T,
    )


def directed_slopes(
    setup: SweepSetup,
    hardware: ReceiverHardware,
    names: Sequence[str],
    point: OperatingPoint,
    directions: Sequence[Mapping[str, Any]],
    *,
    trial_count: int = 1,
) -> Reals:
    """Return the derivatives by constants, by the state, and along directions.

    Parameters
    ----------
    hardware, point
        Numbers, or one value a trial, shape (trial,).
    directions
        Further derivatives: what each moves of the point, a number or one a trial.

    Returns
    -------
    ndarray
        Named constants, then the state as ``state_constants`` lists it, then the
        directions; in the traces' and the constants' own units, shape (number, trial,
        row).
    """
    state = state_names()
    moved = list(dict.fromkeys([*state, *(name for way in directions for name in way)]))
    raw = response_slopes(setup, hardware, names, point, moved, trial_count=trial_count)
    place = {name: len(names) + index for index, name in enumerate(moved)}
    along = [
        sum(
            (
                np.reshape(scale, (-1, 1)) * raw[place[name]]
                for name, scale in way.items()
            ),
            np.zeros(1),
        )
        for way in directions
    ]
    order = [*range(len(names)), *(place[name] for name in state)]
    return np.concatenate([raw[order], np.stack(along)])


def response_slopes(
    setup: SweepSetup,
    hardware: ReceiverHardware,
    names: Sequence[str],
    point: OperatingPoint,
    point_names: Sequence[str],
    *,
    trial_count: int = 1,
) -> Reals:
    """Return d trace / d constant, real and imaginary parts.

    Returns
    -------
    ndarray
        Shape (constant, trial, row).

    Notes
    -----
    A trace at one frequency depends on the constants at that frequency only. Each
    constant is therefore given as one value a point, and one backward pass
    (``torch.func.vjp``) for each part of each trace yields its derivative at every
    point of every trial by every constant at once. Temperatures are differenced
    instead: what metals and ferrites are at one value a point costs more than all else.
    """
    pulled = [name for name in point_names if name not in _DIFFERENCED]
    count = len(names)
    found = _pulled_back(setup, hardware, names, (point, pulled), trial_count)
    own = {name: found[count + index] for index, name in enumerate(pulled)}
    own |= _differences(
        setup,
        hardware,
        point,
        [name for name in point_names if name in _DIFFERENCED],
        trial_count=trial_count,
    )
    return np.stack([*found[:count], *(own[name] for name in point_names)])


def _pulled_back(
    setup: SweepSetup,
    hardware: ReceiverHardware,
    names: Sequence[str],
    state: tuple[OperatingPoint, Sequence[str]],
    trial_count: int,
) -> Reals:
    """Return derivatives by backward passes; few trials are repeated for one pass."""
    point, point_names = state
    axis_hz = torch.from_numpy(np.ascontiguousarray(setup.frequency_hz))
    kinds = [
        (trace, part) for trace in range(len(setup.s_parameters)) for part in range(2)
    ]
    size = trial_count * axis_hz.shape[0]
    copies = len(kinds) if size * len(kinds) <= _LARGEST_PASS else 1
    hardware, point = _repeated(hardware, copies), _repeated(point, copies)
    values = read_constants(hardware, names) + read_constants(point, point_names)
    shape = (copies * trial_count, axis_hz.shape[0])
    columns = [np.broadcast_to(np.reshape(value, (-1, 1)), shape) for value in values]
    leaves = torch.from_numpy(np.stack(columns).astype(np.float64))

    def respond(given: torch.Tensor) -> torch.Tensor:
        parts = given.unbind(0)
        built = with_constants(hardware, dict(zip(names, parts, strict=False)))
        rest = parts[len(names) :]
        now = with_constants(point, dict(zip(point_names, rest, strict=True)))
        traces = chain_response(axis_hz, built, now, setup.s_parameters)
        stack = torch.stack([traces[name].expand(shape) for name in setup.s_parameters])
        return torch.stack([stack.real, stack.imag], dim=1)

    output, pull_back, *_ = torch.func.vjp(respond, leaves)
    found = []
    for start in range(0, len(kinds), copies):
        along = torch.zeros_like(output)
        for copy, kind in enumerate(kinds[start : start + copies]):
            along[kind][copy * trial_count : (copy + 1) * trial_count] = 1.0
        pulled = pull_back(along)[0].numpy()
        found += np.split(pulled, copies, axis=1)
    return np.concatenate(found, axis=2)


def _differences(
    setup: SweepSetup,
    hardware: ReceiverHardware,
    point: OperatingPoint,
    names: Sequence[str],
    *,
    trial_count: int,
) -> dict[str, Reals]:
    """Return central differences by temperatures, each of shape (trial, row)."""
    ends: dict[str, tuple[Reals, Reals]] = {}
    for name in names:
        (value,) = read_constants(point, [name])
        value_k = np.broadcast_to(np.asarray(value, dtype=np.float64), (trial_count,))
        step_k = _STEP_RATIO * np.maximum(value_k, _LEAST_K)
        ends[name] = np.maximum(value_k - step_k, 0.0), value_k + step_k
    copies = max(1, _LARGEST_PASS // (2 * trial_count * setup.frequency_hz.size))
    found = {}
    for start in range(0, len(names), copies):
        block = names[start : start + copies]
        count = 2 * len(block)
        many = _repeated(point, count)
        moved = {}
        for index, name in enumerate(block):
            (value,) = read_constants(many, [name])
            tried = np.array(np.broadcast_to(value, (count * trial_count,)))
            first = 2 * index * trial_count
            tried[first : first + 2 * trial_count] = np.concatenate(ends[name])
            moved[name] = tried
        rows = response_rows(
            setup, _repeated(hardware, count), with_constants(many, moved)
        ).reshape(len(block), 2, trial_count, -1)
        for (below, above), name in zip(rows, block, strict=True):
            width_k = (ends[name][1] - ends[name][0])[:, None]
            found[name] = (above - below) / width_k
    return found


def _repeated(record: Record, copies: int) -> Record:
    """Return a record whose values of shape (trial,) stand there several times."""
    if copies == 1:
        return record
    return with_constants(
        record,
        {
            name: np.tile(value, copies)
            for name, value, _ in constants_of(record)
            if getattr(value, "ndim", 0) == 1
        },
    )
