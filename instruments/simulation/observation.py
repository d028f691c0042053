"""Looking at a receiver: its traces with the VNA's noise on top."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from instruments.measurement import FrequencyAxis
from instruments.simulation.physics import (
    ReceiverParameters,
    ReceiverState,
    VnaNoise,
    noise_sigma,
    receiver_response,
)

ComplexTrace = npt.NDArray[np.complex128]

PNA_NOISE = VnaNoise()
"""Noise of the emulated VNAs."""


def add_noise(
    trace: ComplexTrace,
    rng: np.random.Generator,
    *,
    if_bandwidth_hz: float,
    source_power_dbm: float,
    averaging_count: int,
) -> ComplexTrace:
    """Return a trace with the VNA's trace noise and floor, same shape."""
    sigma = noise_sigma(
        trace,
        PNA_NOISE,
        if_bandwidth_hz=if_bandwidth_hz,
        source_power_dbm=source_power_dbm,
        averaging_count=averaging_count,
    )
    quadratures = rng.standard_normal((2, *trace.shape))
    return np.asarray(trace + sigma * (quadratures[0] + 1j * quadratures[1]))


def observe(
    frequency_hz: FrequencyAxis,
    parameters: ReceiverParameters,
    state: ReceiverState,
    rng: np.random.Generator,
    *,
    s_parameters: Sequence[str],
    if_bandwidth_hz: float,
    source_power_dbm: float,
    averaging_count: int = 1,
) -> Mapping[str, ComplexTrace]:
    """Return noisy traces of a receiver.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    state
        Numbers, or one value a sweep.

    Returns
    -------
    Mapping
        Complex128 traces, shape (point,) or (sweep, point).
    """
    traces = receiver_response(frequency_hz, parameters, state, s_parameters)
    return {
        name: add_noise(
            trace,
            rng,
            if_bandwidth_hz=if_bandwidth_hz,
            source_power_dbm=source_power_dbm,
            averaging_count=averaging_count,
        )
        for name, trace in traces.items()
    }
