"""The sweep that limits are asked for, without the points on a mode of the cavity."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    SweepSettings,
)
from instruments.simulation.physics.chain.cavity import normal_modes_hz
from instruments.simulation.physics.chain.joined_parts import PATHS
from instruments.simulation.physics.chain.lifting import lifted

Reals = npt.NDArray[np.float64]

MODE_HALF_WIDTH_HZ = 5.0e6
"""Points as near as this to a mode of the cavity are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSetup:
    """What the VNA is asked for.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    s_parameters
        Traces, such as S21.
    settings
        IF bandwidth and averages.
    source_power_dbm
        Power at the VNA's port in dBm.
    """

    frequency_hz: Reals
    s_parameters: tuple[str, ...]
    settings: SweepSettings
    source_power_dbm: float = -20.0

    def __post_init__(self) -> None:
        if self.frequency_hz.size == 0 or not self.s_parameters:
            raise ValueError("the sweep holds no sample: give points and S-parameters")
        for name in self.s_parameters:
            if name not in PATHS:
                raise ValueError(
                    f"{name} is no trace of the receiver; it has {', '.join(PATHS)}"
                )


def thinned(setup: SweepSetup, most_points: int) -> SweepSetup:
    """Return the sweep with fewer points that are as much quieter.

    The information of a band is kept where the receiver is smooth between points.
    """
    count = setup.frequency_hz.size
    if count <= most_points:
        return setup
    ratio = most_points / count
    kept = np.linspace(0, count - 1, most_points).round().astype(int)
    settings = replace(
        setup.settings, if_bandwidth_hz=setup.settings.if_bandwidth_hz * ratio
    )
    return replace(setup, frequency_hz=setup.frequency_hz[kept], settings=settings)


def off_resonance(
    setup: SweepSetup, hardware: ReceiverHardware, point: OperatingPoint
) -> SweepSetup:
    """Return the sweep without the points that lie on a mode of the cavity.

    Raises
    ------
    ValueError
        If no point is left.
    """
    axis_hz = setup.frequency_hz
    modes_hz = normal_modes_hz(lifted(hardware.cavity, axis_hz), lifted(point, axis_hz))
    away_hz = np.abs(axis_hz[:, None] - np.concatenate(modes_hz)[None, :])
    is_free = (away_hz > MODE_HALF_WIDTH_HZ).all(axis=1)
    if not is_free.any():
        raise ValueError(
            "every point of the sweep lies on a mode of the cavity:"
            " ask for a wide sweep"
        )
    return replace(setup, frequency_hz=axis_hz[is_free])
