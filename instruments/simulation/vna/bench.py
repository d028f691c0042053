"""What the channels of a VNA share: the array behind the ports, trigger, source."""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from instruments.simulation.array import EmulatedArray
from instruments.simulation.faults import FaultKind
from instruments.simulation.vna.acquisition import Acquisition
from instruments.simulation.vna.settings import Stimulus
from instruments.simulation.wire_faults import WireFaults

POOL_SWEEPS = 4
"""Different sweeps that an instant VNA gives in turn."""

POOL_PERIOD_S = 60.0
"""Real seconds after which an instant VNA looks at the receiver again."""

REMEMBERED_SWEEPS = 16
"""Sweeps that a VNA keeps as the truth behind what was read."""

_POOL_LIMIT = 64


@dataclass(eq=False, slots=True, kw_only=True)
class Bench:
    """The array, the trigger and the source of one VNA.

    Attributes
    ----------
    array
        The array.
    vna
        Name of the VNA; the switches decide which cavities are at its ports.
    on_change
        Called whenever a sweep starts or ends.
    faults
        What is wrong with this VNA.
    is_instant
        Sweeps take no time; the receiver is looked at now and then.
    is_noiseless
        Traces are the physics alone.
    triggers_average
        One trigger runs the whole average.
    triggers_active_only
        A trigger reaches the active channel alone.
    ended
        The last sweeps that ended: the truth behind what was read.
    """

    array: EmulatedArray
    vna: str
    on_change: Callable[[], None]
    faults: WireFaults
    is_instant: bool = False
    is_noiseless: bool = False
    trigger_source: str = "INT"
    triggers_average: bool = False
    triggers_active_only: bool = False
    is_output_on: bool = True
    ended: deque[Acquisition] = field(
        default_factory=lambda: deque(maxlen=REMEMBERED_SWEEPS)
    )
    _serial_number: int = 0
    _fault_change_count: int = 0
    _pool: OrderedDict[Hashable, Acquisition] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.array.faults.listen(self._note_fault)

    @property
    def is_internal(self) -> bool:
        """Whether armed channels are triggered at once."""
        return self.trigger_source in ("IMM", "INT", "AUTO")

    @property
    def is_driven(self) -> bool:
        """Whether the source is on."""
        return self.is_output_on and not self.faults.has(FaultKind.RF_OFF)

    def next_serial(self) -> int:
        """Return a number for the next sweep of this instrument."""
        self._serial_number += 1
        return self._serial_number

    def acquire(
        self,
        stimulus: Stimulus,
        ports: frozenset[int],
        *,
        at_s: float,
        serial: int,
        averages: int,
    ) -> Acquisition:
        """Return what the receivers hold after a sweep that ended at an emulated time.

        Parameters
        ----------
        ports
            Ports that were driven.
        serial
            Number of the sweep.
        averages
            Sweeps or samples that went into each point.
        """
        if not self.is_instant:
            return self._look(stimulus, ports, at_s, serial, averages)
        serial %= POOL_SWEEPS
        period = int(at_s / self.array.speed / POOL_PERIOD_S)
        key = (
            *self._settings(stimulus), ports, self.array.view(self.vna), serial,
            averages, period, self._fault_change_count, self.is_driven,
        )  # fmt: skip
        if key not in self._pool:
            self._pool[key] = self._look(stimulus, ports, at_s, serial, averages)
            while len(self._pool) > _POOL_LIMIT:
                self._pool.popitem(last=False)
        return self._pool[key]

    @staticmethod
    def _settings(stimulus: Stimulus) -> tuple[Hashable, ...]:
        return (
            stimulus.start_hz,
            stimulus.stop_hz,
            stimulus.point_count,
            stimulus.if_bandwidth_hz,
            stimulus.power_dbm,
            stimulus.sweep_type,
            stimulus.active_segments,
        )

    def _look(
        self,
        stimulus: Stimulus,
        ports: frozenset[int],
        at_s: float,
        serial: int,
        averages: int,
    ) -> Acquisition:
        return Acquisition(
            axis_hz=stimulus.axis_hz,
            snapshot=self.array.seen_by(self.vna, at_s, serial),
            source_ports=ports,
            if_bandwidth_hz=stimulus.bandwidths_hz,
            power_dbm=stimulus.powers_dbm,
            averaging_count=averages,
            is_driven=self.is_driven,
            is_noiseless=self.is_noiseless,
            is_locked=not self.faults.has(FaultKind.REFERENCE_UNLOCKED),
        )

    def _note_fault(self, fault: object) -> None:
        del fault
        self._fault_change_count += 1
