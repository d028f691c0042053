"""One finished sweep: settings and receiver as they were, traces when they are read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from instruments.measurement import FrequencyAxis
from instruments.simulation.observation import ComplexTrace
from instruments.simulation.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """What the receivers of the VNA hold after a sweep.

    Attributes
    ----------
    axis_hz
        Frequency axis in Hz, shape (point,).
    snapshot
        The receiver at the end of the sweep; None where nothing is connected.
    source_ports
        Ports that were driven; traces from others hold zeros.
    """

    axis_hz: FrequencyAxis
    snapshot: Snapshot | None
    source_ports: frozenset[int]
    if_bandwidth_hz: float
    power_dbm: float
    averaging_count: int
    is_driven: bool
    _traces: dict[str, ComplexTrace] = field(default_factory=dict)

    def trace(self, name: str, others: Sequence[str] = ()) -> ComplexTrace:
        """Return one trace, complex128, shape (point,); always the same values.

        Parameters
        ----------
        name
            S-parameter.
        others
            Further ones that will be read soon, worked out in the same go.
        """
        if name not in self._traces:
            self._work_out({name, *others} - self._traces.keys())
        return self._traces[name]

    def _work_out(self, names: set[str]) -> None:
        driven = [name for name in names if int(name[2]) in self.source_ports]
        for name in names.difference(driven):
            self._traces[name] = np.zeros(self.axis_hz.size, dtype=np.complex128)
        if self.snapshot is None:
            # An open port reflects everything and passes nothing.
            for name in driven:
                value = 1.0 if name[1] == name[2] and self.is_driven else 0.0
                self._traces[name] = np.full(self.axis_hz.size, value, np.complex128)
        elif driven:
            looked = self.snapshot.look(
                self.axis_hz,
                sorted(driven),
                if_bandwidth_hz=self.if_bandwidth_hz,
                source_power_dbm=self.power_dbm,
                averaging_count=self.averaging_count,
                is_driven=self.is_driven,
            )
            self._traces.update(looked)
