"""What a laboratory happens to own: units off the shelf, and the luck of each mating.

A cavity's hardware follows from the array's seed and the cavity's name, so that a
calibration run and a later run look at the same parts; its matings follow from the
thermal cycle too, so that every cool-down is a new one.
"""

from dataclasses import replace

import numpy as np

from instruments.simulation.conditions import EmulatedCavity
from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    check_hardware,
    draw_unit,
    mated_again,
    usual_receiver,
)
from instruments.simulation.physics.chain.catalogue import usual_cavity
from instruments.simulation.physics.chain.cavity import (
    Cavity,
    ModeNow,
    mode_now,
    wall_resistance_ohm,
)
from instruments.simulation.physics.chain.drawing import CABLES_TOUCHED
from instruments.simulation.physics.chain.hardware import LINE_NAMES
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.streams import stream

ROD_LOSS_SHARE = 0.1
"""Part of a mode's loss that is the rod's; the rest is the wall's."""

_SMALLEST_GEOMETRY_OHM = 10.0
_AXIS_HZ = np.asarray([1.0e9])
_COLD = OperatingPoint()


def draw_hardware(seed: int, cavity: EmulatedCavity) -> ReceiverHardware:
    """Draw one cavity's receiver, a usual one without a parametric amplifier.

    Parameters
    ----------
    seed
        Seed of the array.
    cavity
        What the first mode shows when cold and with the rod in the middle.

    Raises
    ------
    ParameterOutOfRangeError
        If no receiver can be built around this mode.
    """
    rng = stream(seed, cavity.name, "hardware")
    unit = draw_unit(usual_receiver(has_jpa=False), rng)
    unit = replace(unit, cavity=_draw_cavity(cavity, rng))
    check_hardware(unit)
    return unit


def mate(
    hardware: ReceiverHardware, seed: int, cavity: str, thermal_cycle: str
) -> ReceiverHardware:
    """Return the receiver as it came out of one cool-down.

    Connectors are mated anew, warm cables re-routed, amplifiers biased again.
    """
    rng = stream(seed, cavity, f"mating {thermal_cycle}")
    return mated_again(hardware, CABLES_TOUCHED, rng)


def connectors_of(hardware: ReceiverHardware) -> tuple[tuple[str, int], ...]:
    """Return line and place of each connector, in the order of their numbers."""
    return tuple(
        (name, index)
        for name in LINE_NAMES
        for index in range(len(hardware.line(name).connectors))
    )


def mode_of(cavity: Cavity, point: OperatingPoint) -> ModeNow:
    """Return the mode of interest at an operating point, each value of shape (1,)."""
    columns = lifted(cavity, _AXIS_HZ)
    return mode_now(columns, columns.modes[0], lifted(point, _AXIS_HZ))


def _draw_cavity(wanted: EmulatedCavity, rng: np.random.Generator) -> Cavity:
    """Draw a cavity whose first mode is the wanted one, and whose others are chance."""
    usual = usual_cavity(wanted.resonant_frequency_hz)
    drawn = draw_unit(usual, rng)
    own = drawn.modes[0]
    weak_share = wanted.loaded_q / own.weak_external_q
    unloaded_q = wanted.loaded_q * (1.0 + wanted.coupling_beta) / (1.0 - weak_share)
    resistance_ohm = wall_resistance_ohm(
        lifted(drawn, _AXIS_HZ),
        np.asarray([wanted.resonant_frequency_hz]),
        lifted(_COLD, _AXIS_HZ),
    )
    wall_ohm = float(resistance_ohm[0])
    geometry_ohm = wall_ohm * unloaded_q / (1.0 - ROD_LOSS_SHARE)
    # A mode too lossy for any wall is so by its rod.
    geometry_ohm = max(_SMALLEST_GEOMETRY_OHM, geometry_ohm)
    rod_loss = 1.0 / unloaded_q - wall_ohm / geometry_ohm
    own = replace(
        usual.modes[0],
        weak_external_q=own.weak_external_q,
        strong_external_q=unloaded_q / wanted.coupling_beta,
        rod_loss_ratio=rod_loss / (1.0 + _COLD.rod_temperature_k),
        geometry_ohm=geometry_ohm,
    )
    cavity = replace(drawn, modes=(own, *drawn.modes[1:]))
    # Rod and cold pull the mode a little off its bare frequency.
    found_hz = float(mode_of(cavity, _COLD).resonant_frequency_hz[0])
    bare_hz = 2.0 * wanted.resonant_frequency_hz - found_hz
    own = replace(own, resonant_frequency_hz=bare_hz)
    return replace(drawn, modes=(own, *drawn.modes[1:]))
