"""From delay to metres along a described line."""

from dataclasses import dataclass

import numpy as np

from instruments.simulation.physics.backend import namespace_of
from instruments.simulation.physics.chain import OperatingPoint, ReceiverHardware
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.coax import Attenuator, CoaxSection
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.line import Surroundings, part_transmission
from models.twin.calibration_set import Reals

FLEX_VELOCITY_M_S = 0.70 * 299_792_458.0
"""Velocity assumed in a flexible cable, of which a description states the delay."""

_SMALL_STEP_HZ = 1e6

DESCRIBED_SIGMA_S = 2.5e-11
"""Spread in s of the delay of a part that is only described."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMap:
    """Planes of one line from its near end.

    Attributes
    ----------
    line
        Its name.
    delay_s, distance_m
        One-way delay and distance of each connector, shape (connector,), rising.
    delay_sigma_s
        Spread of each plane's delay where the line is only described.
    """

    line: str
    delay_s: Reals
    distance_m: Reals
    delay_sigma_s: Reals

    def distance_at(self, delay_s: float) -> float:
        """Return the distance in m at a one-way delay, carried on past both ends."""
        keep = np.concatenate([[True], np.diff(self.delay_s) > 0.0])
        delays, metres = self.delay_s[keep], self.distance_m[keep]
        if delays.size < 2:
            return float(metres[0] + (delay_s - delays[0]) * FLEX_VELOCITY_M_S)
        right = int(np.clip(np.searchsorted(delays, delay_s), 1, delays.size - 1))
        velocity = self._velocity(delays, metres, right)
        return float(metres[right - 1] + (delay_s - delays[right - 1]) * velocity)

    def velocity_at(self, delay_s: float) -> float:
        """Return the velocity in m/s at a one-way delay."""
        step_s = 1e-13
        return (self.distance_at(delay_s + step_s) - self.distance_at(delay_s)) / step_s

    @staticmethod
    def _velocity(delays: Reals, metres: Reals, right: int) -> float:
        step = metres[right] - metres[right - 1]
        return float(step / (delays[right] - delays[right - 1]))


def map_line(
    hardware: ReceiverHardware,
    point: OperatingPoint,
    name: str,
    frequency_hz: Reals,
    *,
    is_reversed: bool = False,
) -> LineMap:
    """Return the planes of a line at an operating point.

    Parameters
    ----------
    frequency_hz
        Axis in Hz over which the delay of each part is taken, shape (point,).
    is_reversed
        Whether the near end is the line's last connector.
    """
    parts = hardware.line(name).parts
    delays = part_delays_s(hardware, point, name, frequency_hz)
    metres = [
        part.length_m if isinstance(part, CoaxSection) else delay * FLEX_VELOCITY_M_S
        for part, delay in zip(parts, delays, strict=True)
    ]
    spread = [
        0.0 if isinstance(part, Attenuator) else DESCRIBED_SIGMA_S for part in parts
    ]
    if is_reversed:
        delays, metres, spread = delays[::-1], metres[::-1], spread[::-1]
    return LineMap(
        line=name,
        delay_s=np.concatenate([[0.0], np.cumsum(delays)]),
        distance_m=np.concatenate([[0.0], np.cumsum(metres)]),
        delay_sigma_s=np.sqrt(np.concatenate([[0.0], np.cumsum(np.square(spread))])),
    )


def part_delays_s(
    hardware: ReceiverHardware, point: OperatingPoint, name: str, frequency_hz: Reals
) -> list[float]:
    """Return the one-way group delay in s of each part of a line, 0 for a pad."""
    xp = namespace_of(frequency_hz)
    bands = [make_band(frequency_hz + step) for step in (0.0, _SMALL_STEP_HZ)]
    moved = lifted(point, frequency_hz)
    around = Surroundings(
        plates=moved.plates,
        magnet_field_tesla=moved.magnet_field_tesla,
        pad_heating_k=moved.pad_heating_k,
    )
    found = []
    for part in lifted(hardware.line(name), frequency_hz).parts:
        if isinstance(part, Attenuator):
            found.append(0.0)
            continue
        here, beyond = (part_transmission(part, band, around) for band in bands)
        turn = np.angle(xp.reshape(beyond / here, (-1,)))
        found.append(float(-turn.mean() / (2.0 * np.pi * _SMALL_STEP_HZ)))
    return found
