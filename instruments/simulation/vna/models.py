"""Every model that can be emulated, by name."""

from collections.abc import Mapping

from instruments.simulation.vna.families.anritsu import MS4644B, MS46522B
from instruments.simulation.vna.families.copper_mountain import C4220, M5180, S4_4PORT
from instruments.simulation.vna.families.keysight_ena import E5062A, E5071C
from instruments.simulation.vna.families.keysight_pna import E5080B, N5224B
from instruments.simulation.vna.families.librevna import LIBREVNA
from instruments.simulation.vna.families.rohde_schwarz import ZNA43, ZNB20, ZVA40
from instruments.simulation.vna.families.siglent import SNA5084A
from instruments.simulation.vna.model import VnaModel

MODELS: Mapping[str, VnaModel] = {
    model.name: model
    for model in (
        N5224B,
        E5080B,
        E5071C,
        E5062A,
        M5180,
        C4220,
        S4_4PORT,
        SNA5084A,
        MS46522B,
        MS4644B,
        ZNB20,
        ZVA40,
        ZNA43,
        LIBREVNA,
    )
}
"""Name, as in ``simulation.models`` of the array file, to the model."""

DEFAULT_MODEL = N5224B.name
"""What a VNA is whose dialect is auto."""


def model_of(dialect: str, chosen: str | None = None) -> VnaModel:
    """Return the model that is chosen, else the first one of a dialect.

    Raises
    ------
    KeyError
        If there is none.
    """
    if chosen is not None:
        return MODELS[chosen]
    return MODELS[DEFAULT_MODEL if dialect == "auto" else dialect]
