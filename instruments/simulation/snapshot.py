"""A receiver frozen at the end of a sweep; physics is worked out when it is read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from instruments.measurement import FrequencyAxis
from instruments.simulation.failures import Situation
from instruments.simulation.failures.situation import ComplexTrace
from instruments.simulation.physics.backend import Array
from instruments.simulation.physics.chain import ReceiverHardware, SweepSettings
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.batches import NetworkBlocks, Samples
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.network import Network
from instruments.simulation.physics.chain.noise import network_noise_sigma
from instruments.simulation.physics.chain.vector import stacked
from instruments.simulation.streams import stream

_LIKE = np.zeros(1)
_WEAKEST_DBM, _STRONGEST_DBM = -120.0, 20.0


def ready_hardware(hardware: ReceiverHardware) -> ReceiverHardware:
    """Return a receiver's constants as columns, once for all of its sweeps."""
    return lifted(hardware, _LIKE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a VNA sees at one moment, noise included, the same at every reading.

    Attributes
    ----------
    situation
        Receiver and state; to be looked at by itself, its hardware is that of
        ``ready_hardware``.
    noise_seed
        Seed of the array, names of cavity and thermal cycle, number of the sweep.
    """

    situation: Situation
    noise_seed: tuple[int, str, str, int]

    def response(
        self,
        frequency_hz: FrequencyAxis,
        s_parameters: Sequence[str],
        *,
        source_power_dbm: Any,
    ) -> dict[str, ComplexTrace]:
        """Return traces without noise, complex128, each shape (point,).

        Parameters
        ----------
        source_power_dbm
            One number, or one a point: amplifiers compress.
        """
        network = self._network(frequency_hz, source_power_dbm)
        return _traces(network, frequency_hz, s_parameters)

    def look(
        self,
        frequency_hz: FrequencyAxis,
        s_parameters: Sequence[str],
        *,
        if_bandwidth_hz: Any,
        source_power_dbm: Any,
        averaging_count: int,
        is_driven: bool = True,
    ) -> dict[str, ComplexTrace]:
        """Return noisy traces, complex128, each shape (point,).

        The noise of a trace depends on the sweep and on its name, not on what else
        is asked for.

        Parameters
        ----------
        is_driven
            Whether the source is on; without it there is noise alone.
        """
        network = self._network(frequency_hz, source_power_dbm)
        traces = _traces(network, frequency_hz, s_parameters)
        if not is_driven:
            traces = {name: 0.0 * trace for name, trace in traces.items()}
        settings = SweepSettings(
            if_bandwidth_hz=if_bandwidth_hz, averaging_count=averaging_count
        )
        return {
            name: self.spoiled(
                name, trace, network_noise_sigma(network, {name: trace}, settings)[name]
            )
            for name, trace in traces.items()
        }

    def spoiled(self, name: str, trace: ComplexTrace, sigma: Array) -> ComplexTrace:
        """Return a trace with its noise and what else spoils it.

        Parameters
        ----------
        sigma
            Standard deviation of either quadrature, shape (point,) or (1, point).
        """
        seed, cavity, cycle, serial = self.noise_seed
        rng = stream(seed, cavity, f"noise {cycle} {serial} {name}")
        quadratures = rng.standard_normal((2, trace.size))
        noisy = trace + np.ravel(sigma) * (quadratures[0] + 1j * quadratures[1])
        for spoil in self.situation.distortions:
            noisy = spoil({name: noisy}, rng)[name]
        return np.asarray(noisy)

    def _network(self, frequency_hz: FrequencyAxis, source_power_dbm: Any) -> Network:
        power_dbm = _bounded(source_power_dbm)
        # One value a point stands in the second axis.
        power_dbm = power_dbm if np.ndim(power_dbm) == 0 else power_dbm[None, :]
        point = replace(self.situation.point, source_power_dbm=power_dbm)
        return Network(
            band=make_band(frequency_hz),
            hardware=self.situation.hardware,
            point=lifted(point, frequency_hz),
        )


def look_at_all(
    snapshots: Sequence[Snapshot],
    frequency_hz: FrequencyAxis,
    s_parameters: Sequence[str],
    *,
    source_power_dbm: float,
    settings: SweepSettings,
) -> Samples:
    """Look at one receiver at many moments, in a third of the time of one by one.

    Parameters
    ----------
    snapshots
        Of receivers of the same build, their constants and states plain numbers.

    Returns
    -------
    ndarray
        Noisy traces, complex64, shape (sweep, trace, point), as of each look.
    """
    point = stacked([snapshot.situation.point for snapshot in snapshots])
    networks = NetworkBlocks(
        frequency_hz,
        stacked([snapshot.situation.hardware for snapshot in snapshots]),
        replace(point, source_power_dbm=_bounded(source_power_dbm)),
        len(snapshots),
    )
    shape = (len(snapshots), len(s_parameters), frequency_hz.size)
    found = np.empty(shape, np.complex64)
    for block in networks.blocks:
        network = networks.network(block)
        moments = snapshots[block]
        for place, name in enumerate(s_parameters):
            trace = network.trace(name)
            sigma = network_noise_sigma(network, {name: trace}, settings)[name]
            whole = (len(moments), frequency_hz.size)
            rows = np.broadcast_to(trace, whole), np.broadcast_to(sigma, whole)
            found[block, place] = [
                moment.spoiled(name, *row)
                for moment, *row in zip(moments, *rows, strict=True)
            ]
    return found


def _bounded(source_power_dbm: Any) -> Any:
    return np.clip(source_power_dbm, _WEAKEST_DBM, _STRONGEST_DBM)


def _traces(
    network: Network, frequency_hz: FrequencyAxis, s_parameters: Sequence[str]
) -> dict[str, ComplexTrace]:
    shape = (1, frequency_hz.size)
    return {
        name: np.array(np.broadcast_to(network.trace(name), shape)[0])
        for name in s_parameters
    }
