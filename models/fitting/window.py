"""The part of the axis that is fitted, in half spans around its middle."""

from dataclasses import dataclass

from models.fitting.lineshape import Complexes, Reals

_FIT_POINT_COUNT = 200
_POINTS_PER_HALF_WIDTH = 16


@dataclass(frozen=True, slots=True)
class Window:
    """A trace on its normalised axis.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    offset
        The same in half spans, -1 to 1, shape (point,).
    trace
        Complex samples, shape (point,).
    centre_hz, half_span_hz
        Middle and half length of the axis in Hz.
    block_count
        Measured points that were averaged into one.
    """

    frequency_hz: Reals
    offset: Reals
    trace: Complexes
    centre_hz: float
    half_span_hz: float
    block_count: int = 1

    def frequency(self, offset: float) -> float:
        """Return the frequency at an offset, in Hz."""
        return self.centre_hz + self.half_span_hz * offset

    def loaded_q(self, offset: float, half_width: float) -> float:
        """Return f0 over the full width, both on the normalised axis."""
        return self.frequency(offset) / (2.0 * half_width * self.half_span_hz)


def window_of(frequency_hz: Reals, trace: Complexes) -> Window:
    """Normalise an axis in Hz, shape (point,)."""
    centre_hz = 0.5 * float(frequency_hz[0] + frequency_hz[-1])
    half_span_hz = 0.5 * float(frequency_hz[-1] - frequency_hz[0])
    offset = (frequency_hz - centre_hz) / half_span_hz
    return Window(frequency_hz, offset, trace, centre_hz, half_span_hz)


def thinned(window: Window, half_width: float) -> Window:
    """Average neighbours where many points share one half width (in half spans)."""
    count = window.offset.size
    per_width = half_width * count / 2.0
    block = min(int(per_width / _POINTS_PER_HALF_WIDTH), count // _FIT_POINT_COUNT)
    if block < 2:
        return window
    kept = count - count % block
    return Window(
        window.frequency_hz[:kept].reshape(-1, block).mean(axis=1),
        window.offset[:kept].reshape(-1, block).mean(axis=1),
        window.trace[:kept].reshape(-1, block).mean(axis=1),
        window.centre_hz,
        window.half_span_hz,
        block,
    )
