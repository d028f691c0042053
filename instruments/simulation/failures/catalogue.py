"""The 24 failures that a shift has to tell apart."""

from instruments.simulation.failures.cavity_effects import (
    AntennaDrift,
    CavityLeak,
    HotRod,
    Microphonics,
    ModeCrossing,
    TuningRodStuck,
)
from instruments.simulation.failures.entry import (
    Desk,
    Effect,
    Failure,
    Onset,
    Scope,
)
from instruments.simulation.failures.receiver_effects import (
    AttenuatorOverheated,
    CavityJpaStandingWave,
    CirculatorStrayField,
    HemtBiasLost,
    JpaFluxJump,
    LooseConnector,
    NbtiLineNormal,
    SwitchStuck,
    WrongCirculator,
    WrongPower,
)
from instruments.simulation.failures.surroundings_effects import (
    CalibrationExpired,
    FridgeWarmUp,
    MagnetQuench,
    MagnetRamping,
    NeighbourCrossTalk,
    PlateWarming,
    SwappedCables,
    VnaGlitch,
)

_OP, _RF, _CRYO = Desk.OPERATOR, Desk.RADIO_FREQUENCY, Desk.CRYOGENICS
_MAG, _DAQ, _ANA = Desk.MAGNET, Desk.ACQUISITION, Desk.ANALYSIS
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86_400.0

# name, effect, onset, time scale in s, urgency, scope, desks, recovery
_ROWS: tuple[
    tuple[str, Effect, Onset, float, int, Scope, tuple[Desk, ...], str], ...
] = (
    (
        "circulator_stray_field",
        CirculatorStrayField(),
        Onset.RAMP,
        5 * _MINUTE_S,
        3,
        Scope.CAVITY,
        (_MAG, _RF),
        "Lower the field or mend the shield; a small remanence stays.",
    ),
    (
        "wrong_circulator",
        WrongCirculator(),
        Onset.STEP,
        0.0,
        2,
        Scope.CAVITY,
        (_RF,),
        "Put the right unit back at the next warm-up, or mark a new reference.",
    ),
    (
        "hemt_bias_lost",
        HemtBiasLost(),
        Onset.STEP,
        1.0,
        3,
        Scope.CAVITY,
        (_RF,),
        "Set the bias again.",
    ),
    (
        "four_kelvin_plate_warming",
        PlateWarming(),
        Onset.DRIFT,
        2 * _HOUR_S,
        3,
        Scope.PLATE,
        (_CRYO,),
        "Find the heat load; the gain comes back with the plate.",
    ),
    (
        "loose_connector",
        LooseConnector(),
        Onset.STEP,
        0.0,
        3,
        Scope.CAVITY,
        (_RF,),
        "Tighten it, or mate it again at the next warm-up.",
    ),
    (
        "switch_stuck",
        SwitchStuck(),
        Onset.STEP,
        0.0,
        3,
        Scope.CAVITY,
        (_OP, _RF),
        "Pulse the switch again; warm up if it does not follow.",
    ),
    (
        "attenuator_overheated",
        AttenuatorOverheated(),
        Onset.RAMP,
        10 * _MINUTE_S,
        2,
        Scope.CAVITY,
        (_OP,),
        "Lower the power or the duty cycle; it cools within the hour.",
    ),
    (
        "tuning_rod_stuck",
        TuningRodStuck(),
        Onset.STEP,
        0.0,
        2,
        Scope.CAVITY,
        (_OP,),
        "Step back and forth; it comes free with a jump of several steps.",
    ),
    (
        "mode_crossing",
        ModeCrossing(),
        Onset.RAMP,
        _HOUR_S,
        1,
        Scope.CAVITY,
        (_ANA,),
        "Tune past the crossing and leave the range out.",
    ),
    (
        "antenna_drift",
        AntennaDrift(),
        Onset.DRIFT,
        _DAY_S,
        2,
        Scope.CAVITY,
        (_OP,),
        "Set the antenna again.",
    ),
    (
        "jpa_flux_jump",
        JpaFluxJump(),
        Onset.STEP,
        1.0,
        2,
        Scope.CAVITY,
        (_RF,),
        "Tune flux and pump again.",
    ),
    (
        "cavity_jpa_standing_wave",
        CavityJpaStandingWave(),
        Onset.RAMP,
        _HOUR_S,
        2,
        Scope.CAVITY,
        (_RF, _ANA),
        "Tune the two apart, or pump off the cavity's frequency.",
    ),
    (
        "magnet_ramping",
        MagnetRamping(),
        Onset.RAMP,
        10 * _MINUTE_S,
        1,
        Scope.ARRAY,
        (_MAG,),
        "Wait for the end of the ramp and a hold of ten minutes.",
    ),
    (
        "magnet_quench",
        MagnetQuench(),
        Onset.STEP,
        1.0,
        4,
        Scope.ARRAY,
        (_MAG, _CRYO),
        "Recover the fridge in hours; look for what moved.",
    ),
    (
        "nbti_line_normal",
        NbtiLineNormal(),
        Onset.RAMP,
        5 * _MINUTE_S,
        3,
        Scope.CAVITY,
        (_CRYO,),
        "Cool the line's anchor below the transition at this field.",
    ),
    (
        "fridge_warm_up",
        FridgeWarmUp(),
        Onset.DRIFT,
        10 * _HOUR_S,
        4,
        Scope.ARRAY,
        (_CRYO,),
        "Start the pulse tube again; a new thermal cycle if it got warm.",
    ),
    (
        "hot_rod",
        HotRod(),
        Onset.DRIFT,
        3 * _DAY_S,
        2,
        Scope.CAVITY,
        (_CRYO, _ANA),
        "Wait for the rod to cool, or mend its link at the next warm-up.",
    ),
    (
        "microphonics",
        Microphonics(),
        Onset.STEP,
        1.0,
        1,
        Scope.CAVITY,
        (_OP, _CRYO),
        "Quieten pump or pressure; sweep faster meanwhile.",
    ),
    (
        "cavity_leak",
        CavityLeak(),
        Onset.RAMP,
        30 * _MINUTE_S,
        4,
        Scope.CAVITY,
        (_CRYO,),
        "Pump the cavity; find the leak before the next cool-down.",
    ),
    (
        "vna_calibration_expired",
        CalibrationExpired(),
        Onset.DRIFT,
        8 * _HOUR_S,
        1,
        Scope.VNA,
        (_OP,),
        "Calibrate again, or hold the room's temperature.",
    ),
    (
        "wrong_power",
        WrongPower(),
        Onset.STEP,
        0.0,
        2,
        Scope.VNA,
        (_OP,),
        "Set the power of the plan.",
    ),
    (
        "vna_glitch",
        VnaGlitch(),
        Onset.ONE_SWEEP,
        0.0,
        1,
        Scope.VNA,
        (_DAQ,),
        "Sweep again.",
    ),
    (
        "swapped_cables",
        SwappedCables(),
        Onset.STEP,
        0.0,
        3,
        Scope.PAIR,
        (_RF, _OP),
        "Put the cables back, or correct the array file.",
    ),
    (
        "neighbour_cross_talk",
        NeighbourCrossTalk(),
        Onset.STEP,
        0.0,
        2,
        Scope.PAIR,
        (_RF,),
        "Find the leak between the two lines; tune the neighbour away meanwhile.",
    ),
)

CATALOGUE: tuple[Failure, ...] = tuple(
    Failure(
        number=number,
        name=name,
        effect=effect,
        onset=onset,
        time_scale_s=time_scale_s,
        urgency_number=urgency,
        scope=scope,
        desks=desks,
        recovery=recovery,
    )
    for number, (
        name,
        effect,
        onset,
        time_scale_s,
        urgency,
        scope,
        desks,
        recovery,
    ) in enumerate(_ROWS, start=1)
)
"""All failures, in the order of their numbers."""


def find_failure(name: str) -> Failure:
    """Return a failure by what a shift would call it.

    Raises
    ------
    KeyError
        If there is none of this name; the message lists the names.
    """
    for failure in CATALOGUE:
        if failure.name == name:
            return failure
    known = ", ".join(failure.name for failure in CATALOGUE)
    raise KeyError(f"no failure is called {name}; there are {known}")
