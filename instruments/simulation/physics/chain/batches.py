"""Many noisy sweeps at once: blocks that fit into the cache, on a few threads."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.measurement import FrequencyAxis
from instruments.simulation.physics.chain.hardware import ReceiverHardware
from instruments.simulation.physics.chain.network import (
    CHAIN_TRACES,
    Network,
    lift_network,
)
from instruments.simulation.physics.chain.noise import (
    SweepSettings,
    network_noise_sigma,
)
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.ranges import check_ranges, constants_of
from instruments.simulation.physics.chain.vector import with_constants

BLOCK_SAMPLES = 16_384
"""Sweeps times points of one block: some ten arrays of it fit into the cache."""

Samples = npt.NDArray[np.complex64]


class NetworkBlocks:
    """The networks of many sweeps, block by block.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    hardware, point
        Numbers, or arrays of shape (sweep_count,) or (sweep_count, point).

    Attributes
    ----------
    blocks
        Which sweeps each block holds.

    Raises
    ------
    ParameterOutOfRangeError
        If a constant or the state lies outside its physical range.
    ValueError
        If an array's length is not the number of sweeps.
    """

    def __init__(
        self,
        frequency_hz: FrequencyAxis,
        hardware: ReceiverHardware,
        point: OperatingPoint,
        sweep_count: int,
    ) -> None:
        check_ranges(hardware)
        check_ranges(point)
        self._frequency_hz = frequency_hz
        self._hardware, self._point = hardware, point
        self._varying = _varying(hardware, sweep_count), _varying(point, sweep_count)
        rows = max(1, BLOCK_SAMPLES // frequency_hz.size)
        self.blocks = [
            slice(start, min(start + rows, sweep_count))
            for start in range(0, sweep_count, rows)
        ]

    def network(self, block: slice) -> Network:
        """Return the network of one block."""
        of_hardware, of_point = self._varying
        return lift_network(
            self._frequency_hz,
            with_constants(self._hardware, _rows_of(of_hardware, block)),
            with_constants(self._point, _rows_of(of_point, block)),
        )


def sweep_batch(
    frequency_hz: FrequencyAxis,
    hardware: ReceiverHardware,
    point: OperatingPoint,
    settings: SweepSettings,
    *,
    sweep_count: int,
    seed: int,
    s_parameters: Sequence[str] = CHAIN_TRACES,
    thread_count: int = 2,
) -> Samples:
    """Return noisy sweeps, complex64, shape (sweep, trace, point).

    Parameters
    ----------
    frequency_hz, hardware, point, sweep_count
        As for :class:`NetworkBlocks`, which also says what is refused.
    seed
        Of the noise; the result does not depend on the number of threads.
    thread_count
        Blocks at a time.
    """
    networks = NetworkBlocks(frequency_hz, hardware, point, sweep_count)
    streams = np.random.SeedSequence(seed).spawn(len(networks.blocks))
    found = np.empty((sweep_count, len(s_parameters), frequency_hz.size), np.complex64)

    def fill(block: slice, stream: np.random.SeedSequence) -> None:
        network = networks.network(block)
        traces = {name: network.trace(name) for name in s_parameters}
        sigmas = network_noise_sigma(network, traces, settings)
        rng = np.random.default_rng(stream)
        shape = (block.stop - block.start, frequency_hz.size, 2)
        for index, name in enumerate(s_parameters):
            noise = rng.standard_normal(shape, dtype=np.float32).view(np.complex64)
            found[block, index] = traces[name] + sigmas[name] * noise[..., 0]

    with ThreadPoolExecutor(thread_count) as pool:
        list(pool.map(fill, networks.blocks, streams))
    return found


def _varying(record: Any, sweep_count: int) -> dict[str, Any]:
    found = {
        name: value
        for name, value, _ in constants_of(record)
        if getattr(value, "ndim", 0) > 0
    }
    for name, value in found.items():
        if value.shape[0] != sweep_count:
            raise ValueError(
                f"{name} holds {value.shape[0]} values for {sweep_count} sweeps:"
                " give one a sweep"
            )
    return found


def _rows_of(varying: dict[str, Any], block: slice) -> dict[str, Any]:
    return {name: value[block] for name, value in varying.items()}
