"""Every dialect that the driver knows."""

from instruments.vna.ena import COPPER_MOUNTAIN, KEYSIGHT_ENA, SIGLENT_SNA
from instruments.vna.keysight import KEYSIGHT_MEASUREMENT, KEYSIGHT_PNA
from instruments.vna.librevna import LIBREVNA
from instruments.vna.rohde_schwarz import ROHDE_SCHWARZ
from instruments.vna.shockline import ANRITSU_SHOCKLINE

DIALECTS = (
    KEYSIGHT_PNA,
    KEYSIGHT_MEASUREMENT,
    KEYSIGHT_ENA,
    COPPER_MOUNTAIN,
    SIGLENT_SNA,
    ANRITSU_SHOCKLINE,
    ROHDE_SCHWARZ,
    LIBREVNA,
)
