"""From the section of a VNA in the array file to the driver's rules."""

from instruments.array.config import ReferenceOscillatorConfig, VnaConfig
from instruments.vna import ReferenceRule, VnaRules


def rules_of(section: VnaConfig) -> VnaRules:
    """Tell the driver what the owner of a VNA allows."""
    return VnaRules(
        preset_on_connect=section.preset_on_connect,
        restore_on_release=section.restore_on_release,
        rf_idle=section.rf_idle,
        max_source_power_dbm=section.max_source_power_dbm,
        max_point_count=section.max_point_count,
        reference=_reference_of(section.reference),
    )


def _reference_of(section: ReferenceOscillatorConfig | None) -> ReferenceRule | None:
    if section is None:
        return None
    return ReferenceRule(
        source=section.source,
        frequency_hz=section.frequency_hz,
        require_lock=section.require_lock,
    )
