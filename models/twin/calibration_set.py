"""Calibration sweeps of one cavity: what a twin is fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    SweepSettings,
    chain_noise_sigma,
)

Samples = npt.NDArray[np.complex128]
Reals = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSweep:
    """One sweep, with the state that the receiver was in.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    traces
        Complex traces by S-parameter, shape (point,); NaN where nothing was measured.
    point
        Temperatures, fields and positions, each a number.
    settings
        IF bandwidth and averages: the noise follows from them.
    """

    frequency_hz: Reals
    traces: dict[str, Samples]
    point: OperatingPoint
    settings: SweepSettings

    def __post_init__(self) -> None:
        if not self.traces:
            raise ValueError("a calibration sweep holds no trace: give at least one")
        for name, trace in self.traces.items():
            if trace.shape != self.frequency_hz.shape:
                raise ValueError(
                    f"trace {name} holds {trace.size} values on an axis of"
                    f" {self.frequency_hz.size} points"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepData:
    """A sweep as a fit reads it.

    Attributes
    ----------
    sweep
        The sweep.
    names
        Its traces in order.
    samples
        Shape (trace, point); 0 where ``is_used`` is False.
    sigma
        Noise of each quadrature, shape (trace, point).
    is_used
        Points that count, shape (trace, point).
    """

    sweep: CalibrationSweep
    names: tuple[str, ...]
    samples: Samples
    sigma: Reals
    is_used: Mask


def read_sweeps(
    sweeps: Sequence[CalibrationSweep],
    hardware: ReceiverHardware,
    masked_hz: Sequence[tuple[float, float]] = (),
    thinning_count: int = 1,
) -> list[SweepData]:
    """Return the sweeps with their noise, without masked and missing points.

    Parameters
    ----------
    hardware
        Receiver whose amplifier noise reaches the VNA.
    masked_hz
        Windows in Hz (from, to) to leave out.
    thinning_count
        Every so manieth point is used.
    """
    return [_read(sweep, hardware, masked_hz, thinning_count) for sweep in sweeps]


def _read(
    sweep: CalibrationSweep,
    hardware: ReceiverHardware,
    masked_hz: Sequence[tuple[float, float]],
    thinning_count: int,
) -> SweepData:
    axis_hz = sweep.frequency_hz[::thinning_count]
    names = tuple(sweep.traces)
    raw = np.stack([sweep.traces[name][::thinning_count] for name in names])
    is_finite = np.isfinite(raw)
    samples = np.where(is_finite, raw, 0.0)
    sigmas = chain_noise_sigma(
        axis_hz,
        hardware,
        sweep.point,
        dict(zip(names, samples, strict=True)),
        sweep.settings,
    )
    is_open = np.ones(axis_hz.size, dtype=bool)
    for low_hz, high_hz in masked_hz:
        is_open &= (axis_hz < low_hz) | (axis_hz > high_hz)
    sigma = np.stack([np.broadcast_to(sigmas[name], axis_hz.shape) for name in names])
    thinned = CalibrationSweep(
        frequency_hz=axis_hz,
        traces=dict(zip(names, raw, strict=True)),
        point=sweep.point,
        settings=sweep.settings,
    )
    return SweepData(
        sweep=thinned,
        names=names,
        samples=np.asarray(samples, dtype=np.complex128),
        sigma=np.asarray(sigma, dtype=np.float64),
        is_used=is_finite & is_open,
    )
