"""A receiver frozen at the end of a sweep; physics is worked out when it is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from instruments.measurement import FrequencyAxis
from instruments.simulation.hardware import stream
from instruments.simulation.observation import ComplexTrace, add_noise
from instruments.simulation.physics import (
    ReceiverParameters,
    ReceiverState,
    receiver_response,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a VNA sees at one moment, noise included, the same at every reading.

    Attributes
    ----------
    noise_seed
        Seed of the array, name of the cavity, number of the sweep.
    """

    parameters: ReceiverParameters
    state: ReceiverState
    noise_seed: tuple[int, str, int]

    def response(
        self, frequency_hz: FrequencyAxis, s_parameters: Sequence[str]
    ) -> dict[str, ComplexTrace]:
        """Return traces without noise, complex128, each shape (point,)."""
        return dict(
            receiver_response(frequency_hz, self.parameters, self.state, s_parameters)
        )

    def look(
        self,
        frequency_hz: FrequencyAxis,
        s_parameters: Sequence[str],
        *,
        if_bandwidth_hz: float,
        source_power_dbm: float,
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
        seed, cavity, serial = self.noise_seed
        traces = self.response(frequency_hz, s_parameters)
        return {
            name: add_noise(
                trace if is_driven else 0.0 * trace,
                stream(seed, cavity, f"noise {serial} {name}"),
                if_bandwidth_hz=if_bandwidth_hz,
                source_power_dbm=source_power_dbm,
                averaging_count=averaging_count,
            )
            for name, trace in traces.items()
        }
