"""The kinds of sensors as a table: who answers, and how an input is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from instruments.errors import IdentityMismatchError
from instruments.measurement import InstrumentIdentity
from instruments.scpi import parse_identity
from instruments.sensors import ami430, http_json, lakeshore
from instruments.transport import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorKind:
    """One kind of sensor.

    Attributes
    ----------
    model
        What stands in the model field of ``*IDN?``; None where nobody is asked.
    read
        Reads one input, in SI or in the unit that the array file names.
    greets
        Word that ends what the instrument says unasked to a new client.
    """

    model: str | None
    read: Callable[[Wire, str], float]
    greets: str | None = None

    def identify(self, wire: Wire) -> InstrumentIdentity:
        """Ask who answers; changes no setting.

        Raises
        ------
        IdentityMismatchError
            If another model answers.
        """
        if self.model is None:
            return InstrumentIdentity()
        identity = parse_identity(wire.query("*IDN?"))
        if self.model not in (identity.model or ""):
            raise IdentityMismatchError(
                f"{identity.vendor} {identity.model} answers, the driver speaks to "
                f"model {self.model}"
            )
        return identity


KINDS: Mapping[str, SensorKind] = {
    "lakeshore_336": SensorKind(model="336", read=lakeshore.read_336_k),
    "lakeshore_372": SensorKind(model="372", read=lakeshore.read_372_k),
    "lakeshore_425": SensorKind(model="425", read=lakeshore.read_field_tesla),
    "lakeshore_475": SensorKind(model="475", read=lakeshore.read_field_tesla),
    "ami_430": SensorKind(model="430", read=ami430.read_magnet, greets=ami430.GREETING),
    "http_json": SensorKind(model=None, read=http_json.read_number),
}
"""Driver of the array file to its kind."""
