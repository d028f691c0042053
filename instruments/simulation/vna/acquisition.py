"""One finished sweep: settings and receiver as they were, traces when they are read."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from instruments.measurement import FrequencyAxis
from instruments.simulation.failures.situation import ComplexTrace
from instruments.simulation.routing import RoutedSnapshot
from instruments.simulation.snapshot import Snapshot

UNLOCKED_OFFSET = 2.0e-6
"""Relative error of the frequencies while the reference is not locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """What the receivers of the VNA hold after a sweep.

    Attributes
    ----------
    axis_hz
        Frequency axis in Hz, shape (point,), as the instrument believes it.
    snapshot
        The receiver at the end of the sweep; None where nothing is connected.
    source_ports
        Ports that were driven; traces from others hold zeros.
    if_bandwidth_hz, power_dbm
        One number, or one a point, shape (point,).
    is_noiseless
        Traces are the physics alone.
    is_locked
        Whether the frequencies were what the axis says.
    """

    axis_hz: FrequencyAxis
    snapshot: Snapshot | RoutedSnapshot | None
    source_ports: frozenset[int]
    if_bandwidth_hz: Any
    power_dbm: Any
    averaging_count: int
    is_driven: bool
    is_noiseless: bool = False
    is_locked: bool = True
    _traces: dict[str, ComplexTrace] = field(default_factory=dict)
    _encoded: dict[Hashable, bytes] = field(default_factory=dict)

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

    def encoded(self, key: Hashable, encode: Callable[[], bytes]) -> bytes:
        """Return bytes that follow from these data, made once for each key."""
        if key not in self._encoded:
            self._encoded[key] = encode()
        return self._encoded[key]

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
            self._traces.update(self._look(self.snapshot, sorted(driven)))

    def _look(
        self, snapshot: Snapshot | RoutedSnapshot, names: list[str]
    ) -> dict[str, ComplexTrace]:
        offset = 1.0 if self.is_locked else 1.0 + UNLOCKED_OFFSET
        if self.is_noiseless:
            level = 1.0 if self.is_driven else 0.0
            traces = snapshot.response(
                self.axis_hz * offset, names, source_power_dbm=self.power_dbm
            )
            return {name: level * trace for name, trace in traces.items()}
        return snapshot.look(
            self.axis_hz * offset,
            names,
            if_bandwidth_hz=self.if_bandwidth_hz,
            source_power_dbm=self.power_dbm,
            averaging_count=self.averaging_count,
            is_driven=self.is_driven,
        )
