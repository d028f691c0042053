"""A whole emulated VNA, ready to be served."""

from instruments.simulation.array import EmulatedArray
from instruments.simulation.vna.pna import PnaDevice
from instruments.simulation.vna.stimulus_commands import add_stimulus_commands
from instruments.simulation.vna.system_commands import add_system_commands
from instruments.simulation.vna.trace_commands import add_trace_commands


def build_pna(array: EmulatedArray, name: str) -> PnaDevice:
    """Build a PNA with its whole dialect; call it inside a running event loop."""
    pna = PnaDevice(array, name)
    add_stimulus_commands(pna)
    add_trace_commands(pna)
    add_system_commands(pna)
    return pna
