"""What the owner of a VNA allows the driver."""

from dataclasses import dataclass
from typing import Literal

from instruments.errors import SettingRefusedError
from instruments.measurement import SweepPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRule:
    """The frequency reference that a VNA shall run on.

    Attributes
    ----------
    source
        Its own oscillator, or the reference input.
    frequency_hz
        Of an external reference.
    require_lock
        Whether a sweep without lock is flagged.
    """

    source: Literal["internal", "external"] = "internal"
    frequency_hz: float = 10e6
    require_lock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VnaRules:
    """What the owner of a VNA allows the driver.

    Attributes
    ----------
    preset_on_connect
        Whether the instrument is brought to its factory state first.
    restore_on_release
        Whether the front panel is given back as it was found.
    rf_idle
        Source between sweeps: switched off, or left on while the sweep is held.
    max_source_power_dbm, max_point_count
        A plan that asks for more is refused before anything is sent.
    reference
        Frequency reference; None leaves it as it is.
    """

    preset_on_connect: bool = False
    restore_on_release: bool = True
    rf_idle: Literal["on", "off", "hold"] = "hold"
    max_source_power_dbm: float | None = None
    max_point_count: int | None = None
    reference: ReferenceRule | None = None

    def check(self, plan: SweepPlan) -> None:
        """Refuse a plan that asks for too much.

        Raises
        ------
        SettingRefusedError
            If it asks for more power or points than is allowed.
        """
        power, points = self.max_source_power_dbm, self.max_point_count
        if power is not None and plan.largest_power_dbm > power:
            raise SettingRefusedError(
                f"source_power_dbm is {plan.largest_power_dbm:g}, "
                f"max_source_power_dbm allows {power:g}"
            )
        if points is not None and plan.point_count > points:
            raise SettingRefusedError(
                f"point_count is {plan.point_count}, max_point_count allows {points}"
            )
