"""A multi-throw switch at the mixing chamber: the cavity, or a state one knows."""

from dataclasses import dataclass
from enum import IntEnum

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.band import Band
from instruments.simulation.physics.chain.coax import NEPER_PER_DB
from instruments.simulation.physics.chain.ranges import constant
from instruments.simulation.physics.two_port import TwoPort


class SwitchPosition(IntEnum):
    """What the common port is connected to."""

    CAVITY = 0
    """The strong port of the cavity."""

    BYPASS = 1
    """The internal short: the signal goes round the cavity."""

    HOT_LOAD = 2
    """A matched load that can be heated."""

    COLD_LOAD = 3
    """A matched load at the mixing chamber."""

    OPEN = 4
    """Nothing: between two throws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Constants of the switch; every throw has its own short line.

    Attributes
    ----------
    insertion_loss_db
        Loss in dB of a closed throw at 5 GHz, growing with sqrt(f).
    isolation_db
        Loss in dB from an open throw to the common port.
    throw_delay_s
        Delay in s of a throw, one way.
    bypass_delay_s
        Further delay in s to the internal short, one way.
    open_delay_s
        Further delay in s to the open end, one way.
    hot_load_reflection_ratio, cold_load_reflection_ratio
        Moduli of the loads' reflections.
    """

    insertion_loss_db: float = constant(low=0.0, high=3.0, spread=0.03, default=0.15)
    isolation_db: float = constant(low=20.0, high=120.0, spread=5.0, default=65.0)
    throw_delay_s: float = constant(low=0.0, high=1e-9, spread=5e-12, default=8e-11)
    bypass_delay_s: float = constant(low=0.0, high=1e-8, spread=5e-12, default=4e-11)
    open_delay_s: float = constant(low=0.0, high=1e-8, spread=5e-12, default=1.5e-11)
    hot_load_reflection_ratio: float = constant(
        low=0.0, high=1.0, spread=0.02, default=0.06
    )
    cold_load_reflection_ratio: float = constant(
        low=0.0, high=1.0, spread=0.02, default=0.04
    )


def switch_response(switch: Switch, band: Band, position: Array) -> TwoPort:
    """Return the switch from the cavity's throw (1) to the common port (2).

    Parameters
    ----------
    position
        Number of the ``SwitchPosition``, shape (1,) or (sweep, 1).
    """
    xp = namespace_of(band.ratio)
    loss = NEPER_PER_DB * switch.insertion_loss_db * band.root

    def travelled(passes: float, delay_s: Array) -> Array:
        turn = 6.283185307179586 * delay_s * band.frequency_hz
        return xp.exp(-passes * loss - 1j * (passes * loss + turn))

    throw_s = switch.throw_delay_s
    closed = travelled(1.0, throw_s)
    ends = {
        SwitchPosition.BYPASS: -travelled(2.0, 2.0 * (throw_s + switch.bypass_delay_s)),
        SwitchPosition.HOT_LOAD: switch.hot_load_reflection_ratio
        * travelled(2.0, 2.0 * throw_s),
        SwitchPosition.COLD_LOAD: switch.cold_load_reflection_ratio
        * travelled(2.0, 2.0 * throw_s),
        SwitchPosition.OPEN: travelled(2.0, 2.0 * switch.open_delay_s),
    }
    leak = xp.exp(-NEPER_PER_DB * switch.isolation_db) * closed
    idle = travelled(2.0, 2.0 * switch.open_delay_s)
    is_cavity = xp.where(position == SwitchPosition.CAVITY, 1.0, 0.0 * position)
    common = 0.0 * closed
    for throw, reflection in ends.items():
        chosen = xp.where(position == throw, 1.0, 0.0 * position)
        common = common + chosen * reflection
    through = is_cavity * closed + (1.0 - is_cavity) * leak
    room_left = 1.0 - xp.exp(-NEPER_PER_DB * switch.isolation_db)
    return TwoPort(
        s11=(1.0 - is_cavity) * room_left * idle,
        s12=through,
        s21=through,
        s22=room_left * common,
    )
