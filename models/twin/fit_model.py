"""Traces and their Jacobian at a place of the fit space."""

from dataclasses import dataclass

import numpy as np
import torch

from instruments.simulation.physics.chain import chain_response, with_constants
from models.twin.calibration_set import Reals, Samples, SweepData
from models.twin.fit_space import FitSpace, shifted


@dataclass(frozen=True, slots=True)
class Slope:
    """Derivatives of one sweep's traces.

    Attributes
    ----------
    samples
        Traces, shape (trace, point).
    jacobian
        Derivative by each parameter in units of its prior spread, complex128,
        shape (parameter, trace, point).
    """

    samples: Samples
    jacobian: Samples


def predict(space: FitSpace, data: list[SweepData], place: Reals) -> list[Samples]:
    """Return the traces of every sweep at a place, each of shape (trace, point)."""
    hardware = space.hardware_at(place)
    found = []
    for index, one in enumerate(data):
        point = space.point_at(place, one.sweep.point, index)
        traces = chain_response(one.sweep.frequency_hz, hardware, point, one.names)
        found.append(np.stack([traces[name] for name in one.names]))
    return found


def differentiate(space: FitSpace, one: SweepData, index: int, place: Reals) -> Slope:
    """Return the traces of a sweep and their derivatives by every parameter.

    Notes
    -----
    A trace at one frequency depends on the constants at that frequency only. Each
    constant is therefore given as one value a point, and two backward passes a trace
    (its real and its imaginary part) yield the derivative at every point at once:
    the cost does not grow with the number of constants.
    """
    values = torch.from_numpy(space.values(place))
    axis_hz = torch.from_numpy(np.ascontiguousarray(one.sweep.frequency_hz))
    drift = space.drift_slice(index)
    chosen = [*range(len(space.names)), *range(drift.start, drift.stop)]
    spread = values[chosen, None, None].expand(-1, 1, axis_hz.shape[0]).clone()

    def respond(leaves: torch.Tensor) -> torch.Tensor:
        parts = leaves.unbind(0)
        constants = dict(zip(space.names, parts, strict=False))
        drifts = dict(zip(space.drift_names, parts[len(space.names) :], strict=True))
        traces = chain_response(
            axis_hz,
            with_constants(space.hardware, constants),
            shifted(one.sweep.point, drifts),
            one.names,
        )
        return torch.view_as_real(torch.stack([traces[name][0] for name in one.names]))

    output, pull_back, *_ = torch.func.vjp(respond, spread)
    jacobian = np.zeros((space.size, *output.shape[:2]), dtype=np.complex128)
    for trace in range(output.shape[0]):
        parts = []
        for part in range(2):
            along = torch.zeros_like(output)
            along[trace, :, part] = 1.0
            parts.append(pull_back(along)[0][:, 0].numpy())
        jacobian[chosen, trace] = parts[0] + 1j * parts[1]
    samples = torch.view_as_complex(output.detach().contiguous()).numpy()
    jacobian *= space.sigma[:, None, None]
    return Slope(samples=samples, jacobian=jacobian)
