"""One emulated receiver: its hardware, its drift, and what it is in at a moment."""

from dataclasses import dataclass, replace

import numpy as np

from instruments.simulation.conditions import (
    FULL_BIAS_LOSS,
    ROOM_K,
    EmulatedCavity,
    Strain,
    plates_around,
)
from instruments.simulation.drift import FREQUENCY_JITTER, Drift
from instruments.simulation.failures import Situation
from instruments.simulation.failures.receiver_effects import LooseConnector
from instruments.simulation.hardware import (
    connectors_of,
    draw_hardware,
    mate,
    mode_of,
)
from instruments.simulation.physics.chain import OperatingPoint, ReceiverHardware
from instruments.simulation.physics.chain.junction import follow_field
from instruments.simulation.snapshot import Snapshot, ready_hardware
from instruments.simulation.streams import stream

FULL_LOOSENESS = 0.25
"""Severity in the catalogue of failures of a contact that has lost about 10 dB."""

CONNECTOR_FLICKER = 0.03
"""Relative flicker of a bad contact from sweep to sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverState:
    """What a receiver is in: the truth behind its sweeps.

    Attributes
    ----------
    point
        Its operating point.
    strain
        What acts on it, flicker included.
    resonant_frequency_hz, loaded_q, coupling_beta
        f0 in Hz, QL and beta of the mode of interest.
    """

    point: OperatingPoint
    strain: Strain
    resonant_frequency_hz: float
    loaded_q: float
    coupling_beta: float


def state_of(situation: Situation, strain: Strain) -> ReceiverState:
    """Return the state of a receiver in a situation."""
    mode = mode_of(situation.hardware.cavity, situation.point)
    beta = float(mode.strong_coupling_beta[0])
    loading = 1.0 + float(mode.weak_coupling_beta[0]) + beta
    return ReceiverState(
        point=situation.point,
        strain=strain,
        resonant_frequency_hz=float(mode.resonant_frequency_hz[0]),
        loaded_q=float(mode.unloaded_q[0]) / loading,
        coupling_beta=beta,
    )


class EmulatedReceiver:
    """The receiver of one cavity in one thermal cycle.

    Parameters
    ----------
    seed
        Seed of the array.
    cavity
        The cavity and its thermal cycle.
    """

    def __init__(self, seed: int, cavity: EmulatedCavity) -> None:
        self.cavity = cavity
        self._seed = seed
        self.hardware = mate(
            draw_hardware(seed, cavity), seed, cavity.name, cavity.thermal_cycle
        )
        self.connectors = connectors_of(self.hardware)
        self._ready = ready_hardware(self.hardware)
        self._drift = Drift(seed, cavity.name, cavity.thermal_cycle)

    def state(self, at_s: float, strain: Strain, serial: int) -> ReceiverState:
        """Return what the receiver is in.

        Parameters
        ----------
        at_s
            Time in s, for its drift.
        strain
            What acts on it.
        serial
            Number of the sweep; jitter and flicker differ from sweep to sweep.
        """
        situation, shaken = self._situation(self.hardware, at_s, strain, serial)
        return state_of(situation, shaken)

    def look(self, at_s: float, strain: Strain, serial: int) -> Snapshot:
        """Freeze the receiver, to be looked at later; arguments as for ``state``."""
        return self._frozen(self._ready, at_s, strain, serial)

    def moment(self, at_s: float, strain: Strain, serial: int) -> Snapshot:
        """Freeze it the same way, to be looked at among others by ``look_at_all``."""
        return self._frozen(self.hardware, at_s, strain, serial)

    def _frozen(
        self, hardware: ReceiverHardware, at_s: float, strain: Strain, serial: int
    ) -> Snapshot:
        situation, _ = self._situation(hardware, at_s, strain, serial)
        names = self.cavity.name, self.cavity.thermal_cycle
        return Snapshot(situation=situation, noise_seed=(self._seed, *names, serial))

    def _situation(
        self, hardware: ReceiverHardware, at_s: float, strain: Strain, serial: int
    ) -> tuple[Situation, Strain]:
        name, cycle = self.cavity.name, self.cavity.thermal_cycle
        rng = stream(self._seed, name, f"jitter {cycle} {serial}")
        jitter, flicker = rng.standard_normal(2)
        severity = strain.connector_severity * (1.0 + CONNECTOR_FLICKER * flicker)
        shaken = replace(strain, connector_severity=max(0.0, float(severity)))
        point = self._point(at_s, strain, float(jitter))
        situation = Situation(hardware=hardware, point=point)
        if shaken.connector_severity > 0.0:
            line, index = self.connectors[strain.connector_index]
            loose = LooseConnector(line=line, connector_index=index)
            # The catalogue's contact opens with the cube, this one evenly.
            evenly = float(np.cbrt(shaken.connector_severity))
            situation = loose(situation, FULL_LOOSENESS * evenly)
        return situation, shaken

    def _point(self, at_s: float, strain: Strain, jitter: float) -> OperatingPoint:
        plates = plates_around(
            strain.temperature_k, ROOM_K + float(self._drift.room_k(at_s))
        )
        cold = OperatingPoint()
        warm_k = plates.mixing_chamber_k
        ratio = self._drift.frequency_ratio(at_s) * (1.0 + FREQUENCY_JITTER * jitter)
        field_tesla = strain.magnetic_field_tesla
        return OperatingPoint(
            plates=plates,
            magnetic_field_tesla=field_tesla,
            remanent_field_tesla=follow_field(self.hardware.circulator, [field_tesla])[
                -1
            ],
            hemt_bias_ratio=1.0 - FULL_BIAS_LOSS * strain.amplifier_severity,
            cavity_temperature_k=max(cold.cavity_temperature_k, warm_k),
            rod_temperature_k=max(cold.rod_temperature_k, warm_k),
            rod_position_ratio=strain.rod_position_ratio,
            frequency_shift_ratio=float(ratio) - 1.0,
            gain_drift_db=float(self._drift.gain_db(at_s)),
        )
