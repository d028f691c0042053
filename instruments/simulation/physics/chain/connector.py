"""A connector plane: a small discontinuity, and what a loose contact adds to it."""

from dataclasses import dataclass

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.band import Band
from instruments.simulation.physics.chain.ranges import constant
from instruments.simulation.physics.two_port import TwoPort

_SMOOTHING = 1.0e-4

GAP_REACTANCE_FACTOR = 1.5
"""Series reactance of a loose contact over its resistance, at 5 GHz."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """One plane where two parts meet.

    Attributes
    ----------
    reactance_ratio
        Series inductive reactance over the line impedance at 5 GHz where positive,
        shunt capacitive susceptance where negative; 0.06 returns -30 dB.
    contact_resistance_ratio
        Series resistance of a bad contact over the line impedance.
    """

    reactance_ratio: float = constant(low=-1.0, high=1.0, spread=0.03)
    contact_resistance_ratio: float = constant(
        low=0.0, high=1e4, spread=0.0, default=0.0
    )


def connector_response(connector: Connector, band: Band) -> TwoPort:
    """Return a connector as series impedance z followed by shunt admittance y.

    Notes
    -----
    S11 = (z - y + z y)/d, S22 = (z - y - z y)/d, S21 = 2/d, d = 2 + z + y + z y.
    Inductance and capacitance are never negative: the connector is causal.
    """
    xp = namespace_of(band.ratio)
    signed = connector.reactance_ratio
    size = xp.sqrt(signed * signed + _SMOOTHING**2)
    resistance = connector.contact_resistance_ratio
    loose = GAP_REACTANCE_FACTOR * resistance
    z = resistance + 1j * (0.5 * (size + signed) + loose) * band.ratio
    y = 1j * (0.5 * (size - signed)) * band.ratio
    both = z * y
    inverse = 1.0 / (2.0 + z + y + both)
    through: Array = 2.0 * inverse
    return TwoPort(
        s11=(z - y + both) * inverse,
        s12=through,
        s21=through,
        s22=(z - y - both) * inverse,
    )
