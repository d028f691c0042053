"""What a receiver is in now, apart from how it is built."""

from dataclasses import dataclass, field

from instruments.simulation.physics.chain.plates import PlateTemperatures
from instruments.simulation.physics.chain.ranges import constant


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """State of one receiver; each value a number or one a sweep, shape (sweep,).

    ``frequency_shift_ratio`` may also be one a point, (sweep, point): a line that
    moves while the VNA sweeps over it.

    Attributes
    ----------
    plates
        Temperatures of the fridge in K.
    cavity_temperature_k, rod_temperature_k
        Temperatures of the cavity's walls and of its tuning rod in K.
    magnet_field_tesla
        Field of the main magnet in tesla, either sign.
    magnetic_field_tesla
        Stray field at the circulator's shield in tesla, either sign.
    remanent_field_tesla
        Field in tesla that the shield remembers; see ``follow_field``.
    rod_position_ratio
        Where the tuning rod stands on its way, 0 to 1.
    rod_direction_factor
        Direction in which it last moved, +1 or -1.
    antenna_depth_change_m
        Depth of the strong antenna in m over its nominal one.
    gas_permittivity_ratio
        Relative permittivity inside of the cavity; 1 is vacuum.
    gas_loss_ratio
        1/Q0 that a gas or liquid adds.
    frequency_shift_ratio
        Relative shift of every mode by jitter, pressure or vibration.
    switch_position_index
        Number of the ``SwitchPosition``.
    flux_quanta_ratio
        Flux through the JPA's loop over the flux quantum.
    jpa_gain_db
        Gain in dB that the pump is set to; 0 = pump off.
    jpa_pump_detuning_hz
        Half the pump frequency over the JPA's resonance at its nominal flux, in Hz.
    hemt_bias_ratio
        Drain current over its nominal value, 0 to 1.
    gain_drift_db
        Slow drift of the amplifier chain in dB.
    pad_heating_k
        How far the cold pads' films are above their plate in K.
    source_power_dbm
        Power at the VNA's port in dBm.
    calibration_temperature_k
        Temperature of the room in K when the VNA was calibrated.
    calibration_age_s
        Time in s since the VNA was calibrated.
    """

    plates: PlateTemperatures = field(default_factory=PlateTemperatures)
    cavity_temperature_k: float = constant(
        low=0.0, high=400.0, spread=0.05, default=0.05
    )
    rod_temperature_k: float = constant(low=0.0, high=400.0, spread=0.05, default=0.06)
    magnet_field_tesla: float = constant(low=-50.0, high=50.0, spread=0.01, default=0.0)
    magnetic_field_tesla: float = constant(low=-1.0, high=1.0, spread=1e-3, default=0.0)
    remanent_field_tesla: float = constant(low=-1.0, high=1.0, spread=1e-4, default=0.0)
    rod_position_ratio: float = constant(low=0.0, high=1.0, spread=1e-3, default=0.5)
    rod_direction_factor: float = constant(low=-1.0, high=1.0, spread=0.0, default=1.0)
    antenna_depth_change_m: float = constant(
        low=-0.1, high=0.1, spread=2e-4, default=0.0
    )
    gas_permittivity_ratio: float = constant(
        low=1.0, high=3.0, spread=1e-6, default=1.0
    )
    gas_loss_ratio: float = constant(low=0.0, high=1.0, spread=1e-7, default=0.0)
    frequency_shift_ratio: float = constant(
        low=-0.1, high=0.1, spread=1e-6, default=0.0
    )
    switch_position_index: float = constant(low=0.0, high=4.0, spread=0.0, default=0.0)
    flux_quanta_ratio: float = constant(
        low=-100.0, high=100.0, spread=1e-3, default=0.3
    )
    jpa_gain_db: float = constant(low=0.0, high=40.0, spread=0.5, default=0.0)
    jpa_pump_detuning_hz: float = constant(low=-1e9, high=1e9, spread=1e6, default=0.0)
    hemt_bias_ratio: float = constant(low=0.0, high=1.0, spread=5e-3, default=1.0)
    gain_drift_db: float = constant(low=-60.0, high=60.0, spread=0.02, default=0.0)
    pad_heating_k: float = constant(low=0.0, high=100.0, spread=0.01, default=0.0)
    source_power_dbm: float = constant(
        low=-120.0, high=20.0, spread=0.05, default=-20.0
    )
    calibration_temperature_k: float = constant(
        low=273.0, high=323.0, spread=0.5, default=296.0
    )
    calibration_age_s: float = constant(low=0.0, high=1e9, spread=3600.0, default=0.0)
