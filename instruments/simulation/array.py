"""The emulated array: cavities under one fridge and magnet, and their faults."""

from datetime import datetime

from instruments.array import ArrayConfig
from instruments.array.config import SimulationConfig
from instruments.clock import Clock
from instruments.simulation.conditions import (
    FULL_STRAY_FIELD_TESLA,
    EmulatedCavity,
    Strain,
    cavities_of,
    mixing_chamber_k,
)
from instruments.simulation.drift import FREQUENCY_DRIFT, Drift
from instruments.simulation.fault_log import FaultLog
from instruments.simulation.faults import (
    ARRAY_FAULTS,
    WIRE_FAULTS,
    Fault,
    FaultKind,
    FaultRefusedError,
)
from instruments.simulation.physics.chain import ReceiverHardware
from instruments.simulation.receiver import EmulatedReceiver, ReceiverState
from instruments.simulation.routing import PortView, RoutedSnapshot, Routing
from instruments.simulation.snapshot import Snapshot
from instruments.simulation.switches.box import boxes_of

WARMEST_RECEIVER_K = 120.0
"""Temperature in K that a fridge reaches at fault severity 1."""

TEMPERATURE_WANDER = 0.01
"""Standard deviation of the relative slow wander of the fridge's temperature."""


class EmulatedArray:
    """N cavities with their receivers, seeded, in emulated time.

    Safe to use from several threads.

    Parameters
    ----------
    config
        The array; ``simulation.seed`` fixes its hardware.
    clock
        Where real time comes from.
    speed
        Emulated seconds in one real second.
    """

    def __init__(
        self, config: ArrayConfig, *, clock: Clock, speed: float = 1.0
    ) -> None:
        simulation = config.simulation or SimulationConfig()
        self.speed = speed
        self.seed = simulation.seed
        self.cavities = {cavity.name: cavity for cavity in cavities_of(config)}
        self._clock = clock
        self._started_s = clock.monotonic_s()
        self._nominal_k = simulation.nominal_temperature_k
        self.nominal_field_tesla = simulation.nominal_field_tesla
        self.faults = FaultLog()
        self._receivers = {
            name: EmulatedReceiver(self.seed, cavity)
            for name, cavity in self.cavities.items()
        }
        self._fridge = Drift(self.seed, "fridge", "")
        self.boxes = boxes_of(config, clock)
        self._routing = Routing(config, self.boxes)

    def now_s(self) -> float:
        """Return emulated seconds since the array started."""
        return self.speed * (self._clock.monotonic_s() - self._started_s)

    def wall_time(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        return self._clock.now()

    def hardware(self, cavity: str) -> ReceiverHardware:
        """Return the receiver of a cavity as built and mated."""
        return self._receivers[cavity].hardware

    def temperature_k(self, at_s: float) -> float:
        """Return the temperature in K of the 4 K plate at an emulated time."""
        level = self.faults.level(FaultKind.FRIDGE_WARMING, None, at_s)
        waves = (self._fridge.frequency_ratio(at_s) - 1.0) / FREQUENCY_DRIFT
        wander = 1.0 + TEMPERATURE_WANDER * waves
        warming = (WARMEST_RECEIVER_K / self._nominal_k) ** level
        return float(self._nominal_k * wander * warming)

    def mixing_chamber_k(self, at_s: float) -> float:
        """Return the mixing chamber's temperature in K; it follows a warm fridge."""
        return mixing_chamber_k(self.temperature_k(at_s))

    def magnetic_field_tesla(self, cavity: str, at_s: float) -> float:
        """Return the stray field in tesla at a cavity's circulator."""
        level = self.faults.level(FaultKind.CIRCULATOR_STRAY_FIELD, cavity, at_s)
        return self.nominal_field_tesla + FULL_STRAY_FIELD_TESLA * level

    def receiver_state(
        self, cavity: str, at_s: float, serial: int = 0
    ) -> ReceiverState:
        """Return the state of a receiver at an emulated time.

        Parameters
        ----------
        serial
            Number of the sweep; jitter differs from sweep to sweep.
        """
        return self._receivers[cavity].state(at_s, self._strain(cavity, at_s), serial)

    def snapshot(self, cavity: str, at_s: float, serial: int) -> Snapshot:
        """Freeze a receiver at an emulated time, to be looked at later."""
        return self._receivers[cavity].look(at_s, self._strain(cavity, at_s), serial)

    def _strain(self, cavity: str, at_s: float) -> Strain:
        loose = self.faults.worst(FaultKind.LOOSE_CONNECTOR, cavity, at_s)
        return Strain(
            temperature_k=self.temperature_k(at_s),
            magnetic_field_tesla=self.magnetic_field_tesla(cavity, at_s),
            connector_severity=0.0 if loose is None else loose.level(at_s),
            connector_index=0 if loose is None else loose.connector_index or 0,
            amplifier_severity=self.faults.level(
                FaultKind.AMPLIFIER_FAULT, cavity, at_s
            ),
        )

    def view(self, vna: str) -> PortView:
        """Return which cavities are at which ports of a VNA now."""
        return self._routing.view(vna)

    def seen_by(
        self, vna: str, at_s: float, serial: int
    ) -> Snapshot | RoutedSnapshot | None:
        """Freeze what a VNA sees; None where nothing is connected.

        Parameters
        ----------
        at_s
            Emulated time in s.
        serial
            Number of the sweep.
        """
        return self._routing.seen_by(
            vna, lambda cavity: self.snapshot(cavity, at_s, serial)
        )

    def cavity_of(self, vna: str) -> EmulatedCavity | None:
        """Return the cavity that a VNA looks at, None where there is none."""
        seen = [one for one in self.cavities.values() if one.vna == vna]
        return max(seen, key=lambda cavity: cavity.is_enabled, default=None)

    def inject(
        self,
        kind: FaultKind,
        cavity: str | None = None,
        *,
        severity: float = 1.0,
        ramp_s: float = 0.0,
        connector_index: int | None = None,
        delay_s: float = 0.0,
        reply_count: int | None = None,
    ) -> Fault:
        """Switch a fault on, now.

        Raises
        ------
        FaultRefusedError
            If there is no such cavity, or a number is out of its range.
        """
        self._check_place(kind, cavity)
        if not 0.0 < severity <= 1.0:
            raise FaultRefusedError(f"severity is {severity}, takes above 0 to 1")
        if not 0.0 <= ramp_s < float("inf"):
            raise FaultRefusedError(f"ramp_s is {ramp_s}, takes 0 or more seconds")
        if kind is FaultKind.LOOSE_CONNECTOR:
            connector_index = self._connector(str(cavity), connector_index)
        fault = Fault(
            kind=kind,
            cavity=cavity,
            severity=severity,
            ramp_s=0.0 if kind in WIRE_FAULTS else ramp_s,
            onset_s=self.now_s(),
            injected_at=self._clock.now(),
            connector_index=connector_index,
            delay_s=delay_s,
            reply_count=reply_count,
        )
        self.faults.add(fault)
        return fault

    def clear(
        self, kind: FaultKind | None = None, cavity: str | None = None
    ) -> tuple[Fault, ...]:
        """Switch faults off, now; they fade within their ramp.

        Parameters
        ----------
        kind
            Which; None for all kinds.
        cavity
            Where; None for everywhere.

        Returns
        -------
        tuple
            The faults that were active until now.
        """
        return self.faults.clear(
            kind, cavity, cleared_s=self.now_s(), cleared_at=self._clock.now()
        )

    def _check_place(self, kind: FaultKind, cavity: str | None) -> None:
        known = ", ".join(self.cavities)
        if kind in ARRAY_FAULTS:
            if cavity is not None:
                raise FaultRefusedError(f"{kind} is shared by all; leave cavity out")
        elif cavity is None:
            raise FaultRefusedError(f"{kind} needs a cavity, one of {known}")
        elif cavity not in self.cavities:
            raise FaultRefusedError(f"{cavity} is no cavity; there are {known}")

    def _connector(self, cavity: str, connector_index: int | None) -> int:
        known = self._receivers[cavity].connectors
        if connector_index is None:
            # Between circulator and amplifier: seen in transmission and reflection.
            return known.index(("cold_output_line", 1))
        if not 0 <= connector_index < len(known):
            raise FaultRefusedError(
                f"connector is {connector_index}, takes 0 to {len(known) - 1}"
            )
        return connector_index
