"""How the parts of a receiver join to what its VNA measures."""

from collections.abc import Sequence
from functools import cached_property

from instruments.simulation.physics.backend import Array
from instruments.simulation.physics.chain.vna import (
    PortErrors,
    measured_reflection,
    measured_transmission,
)
from instruments.simulation.physics.circulator import (
    ThreePort,
    close_first_port,
    close_second_port,
    close_third_port,
)
from instruments.simulation.physics.two_port import (
    TwoPort,
    cascade,
    input_reflection,
)

PATHS = {
    "S11": ("transmission", "s11"),
    "S12": ("transmission", "s12"),
    "S21": ("transmission", "s21"),
    "S22": ("transmission", "s22"),
    "S23": ("reflection", "s21"),
    "S32": ("reflection", "s12"),
    "S33": ("reflection", "s11"),
    "S31": ("backward", "s21"),
    "S13": ("backward", "s12"),
}
"""Which two-port of the network a trace belongs to, and which element it is."""


class JoinedParts:
    """How the parts of a receiver join, whatever works them out.

    A subclass gives ``errors``, ``line``, ``cavity``, ``switch``, ``junction``,
    ``ports``, ``jpa``, ``isolator`` and ``amplifiers``; everything that is made of them
    is worked out at most once.
    """

    errors: PortErrors
    """Residual errors of the VNA."""

    cavity: TwoPort
    """The cavity from its weak to its strong port."""

    switch: TwoPort
    """The switch from the cavity's throw to the circulator."""

    junction: ThreePort
    """The bare junction of the circulator."""

    ports: Sequence[TwoPort]
    """Mismatch of the circulator's ports, from outside."""

    jpa: TwoPort | None
    """Parametric amplifier and its circulator; None where there is none."""

    isolator: TwoPort
    """The isolator from its input to its output."""

    amplifiers: tuple[TwoPort, TwoPort]
    """HEMT and room-temperature amplifier, compressed as the power asks."""

    def line(self, name: str) -> TwoPort:
        """Return one line by its name."""
        raise NotImplementedError(name)

    def trace(self, name: str) -> Array:
        """Return one trace as the calibrated VNA shows it, shape (..., point)."""
        if name not in PATHS:
            whole = 0.0 * self.errors.directivity
            return whole + 1.0 if name == "S44" else whole
        path, element = PATHS[name]
        two_port: TwoPort = getattr(self, path)
        value = getattr(two_port, element)
        if element in {"s11", "s22"}:
            return measured_reflection(self.errors, value)
        source, load = two_port.s11, two_port.s22
        if element == "s12":
            source, load = load, source
        return measured_transmission(self.errors, value, source, load)

    @cached_property
    def weak_side(self) -> TwoPort:
        """VNA port 1 to the junction's port 2, from inside."""
        into = cascade(self.line("weak_line"), self.cavity)
        behind = cascade(self.line("strong_line"), self.switch)
        return cascade(cascade(into, behind), self.ports[1].reversed())

    @cached_property
    def bypass(self) -> TwoPort:
        """VNA port 3 to the junction's port 1, from inside."""
        return cascade(self.line("bypass_line"), self.ports[0].reversed())

    @cached_property
    def amplified(self) -> TwoPort:
        """Input of the HEMT to VNA port 2."""
        first, second = self.amplifiers
        upper = cascade(first, self.line("upper_output_line"))
        room = cascade(second, self.line("room_output_line"))
        return cascade(upper, room)

    @cached_property
    def output(self) -> TwoPort:
        """The junction's port 3, from inside, to VNA port 2."""
        cold = cascade(self.ports[2], self.line("junction_line"))
        if self.jpa is not None:
            cold = cascade(cold, self.jpa)
        cold = cascade(cascade(cold, self.isolator), self.line("cold_output_line"))
        return cascade(cold, self.amplified)

    @cached_property
    def transmission(self) -> TwoPort:
        """VNA port 1 to VNA port 2, through the cavity."""
        junction = close_first_port(self.junction, self.bypass.s22)
        return cascade(self.weak_side, cascade(junction, self.output))

    @cached_property
    def reflection(self) -> TwoPort:
        """VNA port 3 to VNA port 2, off the cavity or off what is switched in."""
        junction = close_second_port(self.junction, self.weak_side.s22)
        return cascade(self.bypass, cascade(junction, self.output))

    @cached_property
    def backward(self) -> TwoPort:
        """VNA port 1 to VNA port 3, against the circulator."""
        load = input_reflection(self.output, 0.0)
        junction = close_third_port(self.junction, load)
        return cascade(self.weak_side, cascade(junction, self.bypass.reversed()))
