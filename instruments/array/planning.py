"""From a configured sweep to the plan that a driver carries out."""

from instruments.array.config import ArrayConfig, WideSweepConfig
from instruments.errors import ArrayConfigError
from instruments.measurement import SweepPlan


def plan_for(
    config: ArrayConfig,
    cavity: str,
    sweep_name: str,
    center_hz: float,
    *,
    loaded_q: float | None = None,
) -> SweepPlan:
    """Build the plan of one sweep of one cavity.

    Parameters
    ----------
    config
        The array.
    cavity, sweep_name
        Keys of ``cavities`` and ``sweeps``.
    center_hz
        Tracked resonant frequency in Hz; a wide sweep ignores it.
    loaded_q
        Tracked loaded Q; the expected one where None.

    Returns
    -------
    SweepPlan
        Narrow sweeps span ``span_linewidths * center_hz / loaded_q``.

    Raises
    ------
    ArrayConfigError
        If there is no such cavity or sweep.
    """
    if cavity not in config.cavities:
        raise ArrayConfigError(f"cavities.{cavity}: is missing; add it")
    if sweep_name not in config.sweeps:
        raise ArrayConfigError(f"sweeps.{sweep_name}: is missing; add it")
    sweep = config.sweeps[sweep_name]
    if isinstance(sweep, WideSweepConfig):
        start, stop = sweep.start_frequency_hz, sweep.stop_frequency_hz
    else:
        quality = loaded_q or config.cavities[cavity].expected.loaded_q
        half = min(sweep.span_linewidths * center_hz / quality, center_hz) / 2.0
        start, stop = center_hz - half, center_hz + half
    return SweepPlan(
        cavity=cavity,
        purpose=sweep.purpose,
        start_frequency_hz=start,
        stop_frequency_hz=stop,
        point_count=sweep.point_count,
        s_parameters=sweep.s_parameters,
        if_bandwidth_hz=sweep.if_bandwidth_hz,
        source_power_dbm=sweep.source_power_dbm,
        averaging_count=sweep.averaging_count,
    )
