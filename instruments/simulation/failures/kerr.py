"""A superconducting mode that its own signal pulls: the line tilts, then bifurcates."""

import numpy as np
import numpy.typing as npt

from instruments.measurement import FrequencyAxis
from instruments.simulation.physics.chain import OperatingPoint, ReceiverHardware
from instruments.simulation.physics.chain.cavity import mode_now
from instruments.simulation.physics.chain.lifting import lifted

_REAL = 1e-6


def pulled_ratio(
    frequency_hz: FrequencyAxis,
    hardware: ReceiverHardware,
    point: OperatingPoint,
    kerr_ratio: float,
    *,
    is_falling: bool,
) -> npt.NDArray[np.float64]:
    """Return by how much the first mode is pulled at each point, relative to f0.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    point
        Operating point of one sweep.
    kerr_ratio
        Relative shift of f0 on resonance at 0 dBm of source power.
    is_falling
        Whether the VNA comes from the highest frequency.

    Notes
    -----
    u (1 + (v - u)^2) = k with u, v and k the pull, the detuning and the largest pull,
    each times 2 QL (Swenson et al., J. Appl. Phys. 113, 104501). Where three roots are
    real the mode stays on the branch that it comes from; the line bifurcates for
    |k| > 8 / (3 sqrt 3).
    """
    axis = np.asarray(frequency_hz)
    cavity = lifted(hardware.cavity, axis)
    mode = mode_now(cavity, cavity.modes[0], lifted(point, axis))
    coupled = 1.0 + mode.weak_coupling_beta + mode.strong_coupling_beta
    twice_q = 2.0 * float((mode.unloaded_q / coupled)[0])
    f0_hz = float(mode.resonant_frequency_hz[0])
    largest = twice_q * kerr_ratio * 10.0 ** (float(point.source_power_dbm) / 10.0)
    detuning = twice_q * (axis / f0_hz - 1.0)
    order = range(axis.size - 1, -1, -1) if is_falling else range(axis.size)
    pulled = np.zeros(axis.size)
    last = 0.0
    for index in order:
        v = detuning[index]
        roots = np.roots((1.0, -2.0 * v, 1.0 + v * v, -largest))
        real = roots.real[np.abs(roots.imag) < _REAL * (1.0 + np.abs(roots.real))]
        last = float(real[np.abs(real - last).argmin()])
        pulled[index] = last
    return pulled / twice_q
