"""A tuning rod whose position stands in a JSON document behind HTTP."""

import json
from collections.abc import Mapping

from instruments.simulation.array import EmulatedArray
from instruments.simulation.streams import stream
from instruments.simulation.switches.box import BoxFaults

ROD_POSITION_M = 0.0123
"""Where the rod stands, in m."""

POSITION_NOISE_M = 1.0e-6
"""Standard deviation of one reading in m."""


class JsonSource:
    """Answers every path with one document that holds all its numbers.

    Parameters
    ----------
    array
        The array.
    name
        Name of the sensor in the array file.
    factors
        Key of the document, dots for nesting, to what makes its number SI.

    Attributes
    ----------
    faults
        What is wrong with its wire.
    """

    def __init__(
        self, array: EmulatedArray, name: str, factors: Mapping[str, float]
    ) -> None:
        self._noise = stream(array.seed, name, "position noise")
        self._factors = dict(factors)
        self.faults = BoxFaults()

    def answer(self, path: str) -> str:
        """Return the document, whatever the path."""
        del path
        document: dict[str, object] = {}
        for channel, factor in self._factors.items():
            *sections, last = channel.split(".")
            place = document
            for section in sections:
                inner = place.setdefault(section, {})
                assert isinstance(inner, dict)
                place = inner
            noise_m = POSITION_NOISE_M * self._noise.standard_normal()
            place[last] = (ROD_POSITION_M + noise_m) / factor
        return json.dumps(document)
