"""A sweep as rows of real numbers: real and imaginary parts of each trace in turn."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    chain_noise_sigma,
    chain_response,
)
from models.twin.limits_sweep import SweepSetup

Reals = npt.NDArray[np.float64]
Samples = npt.NDArray[np.complex128]


def rows_of(traces: Sequence[Samples]) -> Reals:
    """Return traces, each (..., point), as rows, shape (..., row)."""
    parts = [part for trace in traces for part in (trace.real, trace.imag)]
    return np.concatenate(parts, axis=-1)


def traces_of(rows: Reals, names: Sequence[str]) -> dict[str, Samples]:
    """Return the traces that rows hold, by name, each (..., point)."""
    parts = np.split(rows, 2 * len(names), axis=-1)
    return {
        name: parts[2 * order] + 1j * parts[2 * order + 1]
        for order, name in enumerate(names)
    }


def response_rows(
    setup: SweepSetup, hardware: ReceiverHardware, point: OperatingPoint
) -> Reals:
    """Return the noiseless sweep.

    Shape (row,), or (trial, row) where hardware or point hold one value a trial.
    """
    traces = chain_response(setup.frequency_hz, hardware, point, setup.s_parameters)
    return rows_of([traces[name] for name in setup.s_parameters])


def noise_rows(
    setup: SweepSetup,
    hardware: ReceiverHardware,
    point: OperatingPoint,
    traces: Mapping[str, Samples] | None = None,
) -> Reals:
    """Return the standard deviation of the noise in every row.

    Parameters
    ----------
    traces
        The signal that noise grows with; the noiseless sweep by default.
    """
    if traces is None:
        traces = chain_response(setup.frequency_hz, hardware, point, setup.s_parameters)
    sigmas = chain_noise_sigma(
        setup.frequency_hz, hardware, point, traces, setup.settings
    )
    both = [
        np.broadcast_to(sigmas[name], traces[name].shape)
        for name in setup.s_parameters
        for _ in range(2)
    ]
    return np.concatenate(both, axis=-1)
