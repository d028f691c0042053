"""Delays of a fitted receiver, and which of them the sweeps identify."""

from dataclasses import dataclass

import numpy as np

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    read_constants,
    with_constants,
)
from instruments.simulation.physics.chain.coax import Attenuator
from instruments.simulation.physics.chain.hardware import LINE_NAMES
from models.twin.calibration_set import Reals
from models.twin.line_map import part_delays_s

IDENTIFIED_SIGMA_S = 1e-12
"""Standard deviation in s below which a delay counts as identified."""

_STEP = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayEstimate:
    """One-way delay of a part (``bypass_line.parts.2``) or of a whole line.

    Attributes
    ----------
    name
        Dotted path of the part, or name of the line.
    delay_s, sigma_s
        Delay in s and its standard deviation.
    is_identified
        Whether the sweeps, and not the description, say so: sigma below 1 ps.
    """

    name: str
    delay_s: float
    sigma_s: float
    is_identified: bool


def estimate_delays(
    hardware: ReceiverHardware,
    point: OperatingPoint,
    frequency_hz: Reals,
    names: tuple[str, ...],
    covariance: Reals,
) -> tuple[DelayEstimate, ...]:
    """Return the delays of every line and part at an operating point.

    Parameters
    ----------
    frequency_hz
        Axis in Hz over which the group delay is taken, shape (point,).
    names, covariance
        Free constants and their covariance, shape (constant, constant).
    """
    axis_hz = frequency_hz[:: max(1, frequency_hz.size // 32)]
    found = []
    for line in LINE_NAMES:
        delays = np.asarray(part_delays_s(hardware, point, line, axis_hz))
        rows = [index for index, name in enumerate(names) if name.startswith(line)]
        slopes = np.zeros((delays.size, len(rows)))
        for column, row in enumerate(rows):
            step = _STEP * float(np.sqrt(covariance[row, row]))
            [held] = read_constants(hardware, [names[row]])
            moved = with_constants(hardware, {names[row]: held + step})
            after = np.asarray(part_delays_s(moved, point, line, axis_hz))
            slopes[:, column] = (after - delays) / step
        own = slopes @ covariance[np.ix_(rows, rows)] @ slopes.T
        found.append(_estimate(line, float(delays.sum()), float(own.sum())))
        parts = hardware.line(line).parts
        found += [
            _estimate(f"{line}.parts.{index}", float(delays[index]), own[index, index])
            for index, part in enumerate(parts)
            if not isinstance(part, Attenuator)
        ]
    return tuple(found)


def _estimate(name: str, delay_s: float, variance: float) -> DelayEstimate:
    sigma_s = float(np.sqrt(max(variance, 0.0)))
    return DelayEstimate(
        name=name,
        delay_s=delay_s,
        sigma_s=sigma_s,
        is_identified=sigma_s < IDENTIFIED_SIGMA_S,
    )
