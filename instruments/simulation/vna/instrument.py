"""A whole emulated VNA, ready to be served."""

from instruments.simulation.array import EmulatedArray
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.models import DEFAULT_MODEL, MODELS
from instruments.simulation.wire_faults import WireFaults


def build_vna(
    array: EmulatedArray,
    name: str,
    model: str = DEFAULT_MODEL,
    *,
    faults: WireFaults | None = None,
    is_instant: bool = False,
    is_noiseless: bool = False,
) -> EmulatedVna:
    """Build a VNA with its whole dialect; call it inside a running event loop.

    Parameters
    ----------
    name
        Name of the VNA in the array file.
    model
        Key of ``MODELS``.
    faults
        Switches of what can be wrong with it; none where None.
    is_instant, is_noiseless
        Sweeps take no time; traces are the physics alone.
    """
    return EmulatedVna(
        array,
        name,
        MODELS[model],
        faults=faults or WireFaults(),
        is_instant=is_instant,
        is_noiseless=is_noiseless,
    )
