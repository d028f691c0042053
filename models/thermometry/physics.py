"""How the line of a superconducting resonator moves and broadens with temperature.

Two-level systems in its dielectrics pull f0 and absorb (J. Gao, thesis, Caltech 2008,
chapter 5); thermal quasiparticles add kinetic inductance and loss (D. C. Mattis and
J. Bardeen, Phys. Rev. 111, 412, 1958, for photons and heat well below the gap). Both
are universal functions of temperature and frequency times one factor of the device.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, ive, kve

Reals = npt.NDArray[np.float64]

PLANCK_OVER_BOLTZMANN = 6.62607015e-34 / 1.380649e-23
"""h / k in K s."""

_GAP_RATIO = 1.764


def two_level_shift(temperature_k: Reals, frequency_hz: Reals | float) -> Reals:
    r"""Return the fractional shift by two-level systems per unit of F tan delta / pi.

    :math:`\Re \Psi(1/2 + j x) - \ln x` with :math:`x = h f / 2 \pi k T`; only
    differences between temperatures have a meaning.
    """
    x = PLANCK_OVER_BOLTZMANN * frequency_hz / (2.0 * math.pi * temperature_k)
    return np.asarray(np.real(digamma(0.5 + 1j * x)) - np.log(x))


def two_level_loss(temperature_k: Reals, frequency_hz: Reals | float) -> Reals:
    r"""Return 1/Q by unsaturated two-level systems per unit of F tan delta / pi.

    :math:`\pi \tanh(h f / 2 k T)`.
    """
    ratio = PLANCK_OVER_BOLTZMANN * frequency_hz / (2.0 * temperature_k)
    return np.asarray(math.pi * np.tanh(ratio))


def quasiparticles(
    temperature_k: Reals, frequency_hz: Reals | float, critical_k: float
) -> tuple[Reals, Reals]:
    """Return shift and 1/Q by quasiparticles per unit of kinetic inductance fraction.

    Parameters
    ----------
    temperature_k, frequency_hz
        Of one shape; temperatures below half of the critical one.
    critical_k
        Critical temperature in K.

    Returns
    -------
    tuple
        Fractional shift of f0, negative, and 1/Q.
    """
    gap_k = _GAP_RATIO * critical_k
    boltzmann = np.exp(-gap_k / temperature_k)
    # The gap itself, to first order in the number of quasiparticles.
    gap = np.exp(-np.sqrt(2.0 * math.pi * temperature_k / gap_k) * boltzmann)
    xi = PLANCK_OVER_BOLTZMANN * frequency_hz / (2.0 * temperature_k)
    inductive = gap * (1.0 - 2.0 * boltzmann * ive(0, xi))
    # sinh(x) K0(x), both scaled against overflow.
    resistive = (2.0 / math.pi) * gap * boltzmann * -np.expm1(-2.0 * xi) * kve(0, xi)
    return np.asarray(0.5 * (inductive - 1.0)), np.asarray(resistive / inductive)
