"""The answer to ``*IDN?``."""

from instruments.errors import GarbledReplyError
from instruments.measurement import InstrumentIdentity


def parse_identity(reply: str) -> InstrumentIdentity:
    """Read vendor, model, serial number and firmware.

    Raises
    ------
    GarbledReplyError
        If the reply does not have at least vendor and model, is longer than an
        identity can be, or holds what cannot be printed.
    """
    fields = [part.strip() or None for part in reply.strip().split(",", 3)]
    printable = reply.strip().isprintable() and len(reply) <= 256
    if len(fields) < 2 or not printable or fields[0] is None or fields[1] is None:
        raise GarbledReplyError(
            f"{reply[:80]!r} is no identity of the form vendor,model,serial,firmware"
        )
    padded = [*fields, None, None]
    return InstrumentIdentity(
        vendor=fields[0], model=fields[1], serial=padded[2], firmware=padded[3]
    )
