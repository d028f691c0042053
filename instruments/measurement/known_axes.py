"""Axes that came before: one array for all sweeps that were taken over them."""

import threading
from collections import OrderedDict
from typing import TypeAlias

from instruments.measurement.arrays import FrequencyAxis
from instruments.measurement.fields import read_array
from instruments.measurement.long_bodies import Body

MOST_AXES = 64
"""Axes that are remembered; an array of cavities has a few a purpose."""

LONGEST_BYTES = 256 * 1024
"""Axes above this length are not remembered, so that all take 32 MiB at most."""

_END_BYTES = 16
_Ends: TypeAlias = tuple[int, bytes, bytes]


class KnownAxes:
    """Turns bytes into axes, the same bytes into the same array.

    Then what was found out about an axis once, its checks and its hash, holds for all
    later sweeps over it. May be used by several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._axes: OrderedDict[_Ends, tuple[FrequencyAxis, bytearray]] = OrderedDict()

    def find(self, data: Body) -> FrequencyAxis:
        """Return the axis that bytes hold, shape (point,), read-only.

        Raises
        ------
        MeasurementError
            If they are no whole numbers of little-endian float64; nothing else of the
            axis is checked.
        """
        axis = read_array("frequency_hz", data, "<f8")
        if not 0 < len(data) <= LONGEST_BYTES:
            return axis if isinstance(data, bytes) else _frozen(axis)
        key = len(data), bytes(data[:_END_BYTES]), bytes(data[-_END_BYTES:])
        with self._lock:
            known = self._axes.get(key)
            # A bytearray, because only that is compared with a view at once.
            if known is None or known[1] != data:  # type: ignore[comparison-overlap]
                known = self._axes[key] = _frozen(axis), bytearray(data)
            self._axes.move_to_end(key)
            if len(self._axes) > MOST_AXES:
                self._axes.popitem(last=False)
        return known[0]


def _frozen(axis: FrequencyAxis) -> FrequencyAxis:
    copy = axis.copy()
    copy.flags.writeable = False
    return copy
