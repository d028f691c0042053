"""One driver for every sensor: identify, then scan the inputs."""

from collections.abc import Mapping
from dataclasses import dataclass

from instruments.clock import Clock
from instruments.measurement import InstrumentIdentity, Reading
from instruments.sensors.errors import SensorStatusError
from instruments.sensors.kinds import KINDS
from instruments.transport import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorScan:
    """What one pass over the inputs gave.

    Attributes
    ----------
    readings
        The valid ones.
    faults
        Reading name to what its sensor said instead.
    """

    readings: tuple[Reading, ...]
    faults: Mapping[str, str]


class Sensor:
    """A thermometer, gaussmeter, magnet supply or position at the end of a wire.

    Parameters
    ----------
    wire
        The session; used by one thread.
    clock
        Stamps the readings.
    name
        Name of the instrument in the array file; the source of its readings.
    driver
        One of ``KINDS``.
    readings
        Input to name of the reading, which ends in its unit.
    cavity
        The cavity that the sensor belongs to; None for the whole array.
    factors
        Input to what its number is multiplied with to be in SI; 1 where absent.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        clock: Clock,
        name: str,
        driver: str,
        readings: Mapping[str, str],
        cavity: str | None = None,
        factors: Mapping[str, float] | None = None,
    ) -> None:
        self._wire = wire
        self._clock = clock
        self._name = name
        self._driver = driver
        self._readings = dict(readings)
        self._cavity = cavity
        self._factors = dict(factors or {})

    def connect(self) -> InstrumentIdentity:
        """Identify the instrument; changes no setting.

        Raises
        ------
        IdentityMismatchError
            If another model answers.
        """
        return KINDS[self._driver].identify(self._wire)

    def scan(self) -> SensorScan:
        """Read every configured input once.

        Returns
        -------
        SensorScan
            Valid readings, and the faults of the other inputs.

        Raises
        ------
        InstrumentError
            If the instrument itself does not answer as it should.
        """
        read = KINDS[self._driver].read
        readings: list[Reading] = []
        faults: dict[str, str] = {}
        for channel, name in self._readings.items():
            try:
                value = read(self._wire, channel) * self._factors.get(channel, 1.0)
            except SensorStatusError as error:
                faults[name] = str(error)
                continue
            readings.append(
                Reading(
                    name=name,
                    value=value,
                    measured_at=self._clock.now(),
                    cavity=self._cavity,
                    source=self._name,
                )
            )
        return SensorScan(readings=tuple(readings), faults=faults)
