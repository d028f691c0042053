"""How a sweep moves with every uncertain number, in units of noise and of prior."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from instruments.simulation.physics.chain import (
    Constant,
    OperatingPoint,
    ReceiverHardware,
    chain_noise_sigma,
    chain_response,
    read_constants,
    with_constants,
)
from models.twin.limits_state import asked_slopes
from models.twin.limits_sweep import SweepSetup
from models.twin.parameters import state_constants

Reals = npt.NDArray[np.float64]


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
    directions = asked_slopes(point)
    moved = list(
        dict.fromkeys(
            [known.name for known in state]
            + [name for way in directions for name in way]
        )
    )
    names = [known.name for known in shared]
    raw = response_slopes(setup, hardware, names, point, moved)
    raw /= noise_rows(setup, hardware, point)[None, :]
    place = {name: len(names) + index for index, name in enumerate(moved)}
    asked = [
        sum((scale * raw[place[name]] for name, scale in way.items()), np.zeros(1))
        for way in directions
    ]
    own = np.asarray([known.prior_sigma for known in shared])
    spreads = np.asarray([known.prior_sigma for known in state])
    rows = [place[known.name] for known in state]
    return SweepSlopes(
        shared=(raw[: len(names)] * own[:, None]).T,
        state=(raw[rows] * spreads[:, None]).T,
        asked=np.stack(asked, axis=1),
    )


def response_slopes(
    setup: SweepSetup,
    hardware: ReceiverHardware,
    names: Sequence[str],
    point: OperatingPoint,
    point_names: Sequence[str],
) -> Reals:
    """Return d trace / d constant, real and imaginary parts, shape (constant, row).

    Notes
    -----
    A trace at one frequency depends on the constants at that frequency only. Each
    constant is therefore given as one value a point, and one backward pass
    (``torch.func.vjp``) for each part of each trace yields its derivative at every
    point by every constant at once.
    """
    axis_hz = torch.from_numpy(np.ascontiguousarray(setup.frequency_hz))
    values = read_constants(hardware, names) + read_constants(point, point_names)
    columns = torch.tensor(values, dtype=torch.float64)[:, None, None]
    leaves = columns.expand(-1, 1, axis_hz.shape[0]).clone()

    def respond(given: torch.Tensor) -> torch.Tensor:
        parts = given.unbind(0)
        built = with_constants(hardware, dict(zip(names, parts, strict=False)))
        rest = parts[len(names) :]
        now = with_constants(point, dict(zip(point_names, rest, strict=True)))
        traces = chain_response(axis_hz, built, now, setup.s_parameters)
        stack = torch.stack([traces[name].reshape(-1) for name in setup.s_parameters])
        return torch.stack([stack.real, stack.imag], dim=1)

    output, pull_back, *_ = torch.func.vjp(respond, leaves)
    found = []
    for trace in range(output.shape[0]):
        for part in range(2):
            along = torch.zeros_like(output)
            along[trace, part] = 1.0
            found.append(pull_back(along)[0][:, 0].numpy())
    return np.concatenate(found, axis=1)


def response_rows(
    setup: SweepSetup, hardware: ReceiverHardware, point: OperatingPoint
) -> Reals:
    """Return the noiseless sweep as real numbers, in the order of the slopes."""
    traces = chain_response(setup.frequency_hz, hardware, point, setup.s_parameters)
    parts = [
        part
        for name in setup.s_parameters
        for part in (traces[name].real, traces[name].imag)
    ]
    return np.concatenate(parts)


def noise_rows(
    setup: SweepSetup, hardware: ReceiverHardware, point: OperatingPoint
) -> Reals:
    """Return the standard deviation of the noise in every row."""
    traces = chain_response(setup.frequency_hz, hardware, point, setup.s_parameters)
    sigmas = chain_noise_sigma(
        setup.frequency_hz, hardware, point, traces, setup.settings
    )
    size = setup.frequency_hz.size
    return np.concatenate(
        [np.tile(np.broadcast_to(sigmas[n], (size,)), 2) for n in setup.s_parameters]
    )
