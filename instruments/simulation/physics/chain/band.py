"""The frequency axis and the few curves of it that every part needs."""

from dataclasses import dataclass

from instruments.simulation.physics.backend import Array, namespace_of

REFERENCE_HZ = 5.0e9
"""Frequency in Hz at which losses and reactances are stated."""

HIGHEST_HZ = 50.0e9
"""Highest frequency in Hz for which single-mode coax of these sizes exists."""


@dataclass(frozen=True, slots=True)
class Band:
    """An axis, and curves of it; each of shape (point,) or (sweep, point).

    Attributes
    ----------
    frequency_hz
        The axis in Hz.
    root
        Square root of the frequency over 5 GHz.
    ratio
        Frequency over 5 GHz.
    log_slope_hz
        Frequency in Hz times the logarithm of the ratio.
    """

    frequency_hz: Array
    root: Array
    ratio: Array
    log_slope_hz: Array


def make_band(frequency_hz: Array) -> Band:
    """Return the band of an axis in Hz.

    Raises
    ------
    ValueError
        If the axis is empty, or holds a frequency that is not above 0 and at most
        50 GHz.
    """
    if frequency_hz.shape[-1] == 0:
        raise ValueError("the frequency axis is empty: it needs at least one point")
    lowest, highest = float(frequency_hz.min()), float(frequency_hz.max())
    if not (lowest > 0.0 and highest <= HIGHEST_HZ):
        raise ValueError(
            f"the frequency axis runs from {lowest:g} to {highest:g} Hz:"
            " it must lie above 0 and reach 50 GHz at most"
        )
    xp = namespace_of(frequency_hz)
    ratio = frequency_hz / REFERENCE_HZ
    return Band(
        frequency_hz=frequency_hz,
        root=xp.sqrt(ratio),
        ratio=ratio,
        log_slope_hz=frequency_hz * xp.log(ratio),
    )
