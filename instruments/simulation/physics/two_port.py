"""Two-ports and how they join: everything between the VNA's ports is made of them."""

from dataclasses import dataclass

from instruments.simulation.physics.backend import Array


@dataclass(frozen=True, slots=True)
class TwoPort:
    """Scattering parameters of a two-port, each complex, shape (..., point)."""

    s11: Array
    s12: Array
    s21: Array
    s22: Array

    def reversed(self) -> "TwoPort":
        """Return the same two-port seen from its other side."""
        return TwoPort(s11=self.s22, s12=self.s21, s21=self.s12, s22=self.s11)


def cascade(left: TwoPort, right: TwoPort) -> TwoPort:
    """Join port 2 of the left two-port to port 1 of the right one.

    Notes
    -----
    Redheffer's star product: every echo between the two is summed by
    1 / (1 - S22_left S11_right).
    """
    echoes = 1.0 / (1.0 - left.s22 * right.s11)
    onward, back = left.s21 * echoes, right.s12 * echoes
    through = onward * right.s21
    # Reciprocal parts hold one array for both ways; so does what they make.
    is_reciprocal = left.s12 is left.s21 and right.s12 is right.s21
    return TwoPort(
        s11=left.s11 + left.s12 * right.s11 * onward,
        s12=through if is_reciprocal else left.s12 * back,
        s21=through,
        s22=right.s22 + right.s21 * left.s22 * back,
    )


def input_reflection(network: TwoPort, load_reflection: Array) -> Array:
    """Return the reflection at port 1 with a load at port 2."""
    echoes = 1.0 / (1.0 - network.s22 * load_reflection)
    return network.s11 + network.s12 * load_reflection * network.s21 * echoes
