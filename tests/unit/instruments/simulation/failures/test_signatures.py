"""Each failure on what a shift would see of it, whatever makes it."""

from dataclasses import replace

import numpy as np
import pytest

from instruments.simulation.failures import (
    Situation,
    Vibration,
    find_failure,
    observe,
    respond,
)
from instruments.simulation.failures.cavity_effects import (
    TuningRodStuck,
    crossing_position_ratio,
)
from instruments.simulation.failures.receiver_effects import LooseConnector, WrongPower
from instruments.simulation.failures.surroundings_effects import GlitchKind, VnaGlitch
from instruments.simulation.physics.chain import (
    OperatingPoint,
    SweepSettings,
    SwitchPosition,
    draw_unit,
    plates_at,
    usual_receiver,
)

WIDE_HZ = np.linspace(4.0e9, 8.0e9, 1601)
COLD = OperatingPoint(cavity_temperature_k=0.05)
SETTINGS = SweepSettings(if_bandwidth_hz=1000.0)


@pytest.fixture(scope="module")
def well():
    hardware = draw_unit(usual_receiver(), np.random.default_rng(11))
    neighbour = draw_unit(usual_receiver(), np.random.default_rng(12))
    return Situation(
        hardware=replace(hardware, jpa=None),
        point=COLD,
        neighbour=Situation(hardware=replace(neighbour, jpa=None), point=COLD),
    )


@pytest.fixture(scope="module")
def with_jpa():
    """The usual receiver with a pumped JPA beside the cavity's mode."""
    point = replace(COLD, source_power_dbm=-70.0, jpa_gain_db=18.0)
    return Situation(hardware=usual_receiver(), point=point)


def failed(name, situation, severity=1.0):
    return find_failure(name).apply(situation, severity)


def db(trace):
    return 20 * np.log10(np.abs(trace))


def change_db(before, after, name, axis_hz=WIDE_HZ):
    return db(respond(after, axis_hz)[name]) - db(respond(before, axis_hz)[name])


def mode_hz(situation, around_hz=None):
    """Find the frequency of the transmission's peak in two steps."""
    centre_hz, span_hz = around_hz or 5.1e9, 6e8
    for _ in range(3):
        axis_hz = np.linspace(centre_hz - span_hz / 2, centre_hz + span_hz / 2, 3001)
        level = db(respond(situation, axis_hz, ("S21",))["S21"])
        smooth = level - np.median(level)
        centre_hz, span_hz = axis_hz[smooth.argmax()], span_hz / 60
    return centre_hz


def near(situation, span_hz=3e6, points=3001):
    centre_hz = mode_hz(situation)
    return np.linspace(centre_hz - span_hz / 2, centre_hz + span_hz / 2, points)


def width_hz(situation):
    axis_hz = near(situation)
    level = db(respond(situation, axis_hz, ("S21",))["S21"])
    return np.ptp(axis_hz[level > level.max() - 3.0])


def ripple(trace, axis_hz=WIDE_HZ):
    """Return the rms in dB about a smooth curve."""
    level = db(trace)
    x = (axis_hz - axis_hz.mean()) / np.ptp(axis_hz)
    return (level - np.polyval(np.polyfit(x, level, 5), x)).std()


def off_resonance(situation):
    distance_hz = np.abs(WIDE_HZ - mode_hz(situation))
    return distance_hz > 3e7


def test_01_stray_field_spoils_isolation_before_gain(well):
    stray = failed("circulator_stray_field", well, 0.5)
    change = change_db(well, stray, "S23")
    assert change.std() > 0.1
    assert abs(change.mean()) < 1.0
    gone = np.abs(change_db(well, failed("circulator_stray_field", well), "S23"))
    assert gone.mean() > np.abs(change).mean()
    against = find_failure("circulator_stray_field").effect
    opposite = replace(against, full_field_tesla=-0.05)(well, 0.5)
    other = change_db(well, opposite, "S23")
    assert np.abs(other - change).mean() > 0.1
    # The way to the weak port knows nothing of it.
    weak = change_db(well, stray, "S11")
    assert np.median(np.abs(weak)) < 1e-3


def test_02_another_circulator_changes_the_whole_pattern_and_stays(well):
    other = failed("wrong_circulator", well)
    change = change_db(well, other, "S23")
    assert change.std() > 0.2
    assert (np.abs(change) > 0.05).mean() > 0.5
    assert mode_hz(other) == pytest.approx(mode_hz(well), abs=2e5)
    again = change_db(other, failed("wrong_circulator", well), "S23")
    assert np.abs(again).max() == 0.0


def test_03_a_lost_hemt_takes_all_paths_through_it_down_flat(well):
    dead = failed("hemt_bias_lost", well)
    for name in ("S21", "S23"):
        change = change_db(well, dead, name)
        assert -60.0 < change.min() < change.max() < -20.0, name
        assert change.std() < 3.0, name
    assert np.median(np.abs(change_db(well, dead, "S11"))) < 1e-3
    ripples = [ripple(respond(s, WIDE_HZ)["S23"]) for s in (well, dead)]
    assert abs(ripples[1] - ripples[0]) > 0.05
    part = [
        change_db(well, failed("hemt_bias_lost", well, s), "S23").mean()
        for s in (0.2, 0.5, 1.0)
    ]
    assert part == sorted(part, reverse=True)


def test_04_a_warming_plate_costs_gain_slowly_and_with_a_tilt(well):
    warm = failed("four_kelvin_plate_warming", well)
    change = change_db(well, warm, "S23")
    assert -12.0 < change.mean() < -0.7
    assert change[-200:].mean() < change[:200].mean() - 0.1
    steps = [
        change_db(well, failed("four_kelvin_plate_warming", well, s), "S23").mean()
        for s in (0.25, 0.5, 0.75, 1.0)
    ]
    assert steps == sorted(steps, reverse=True)
    assert change_db(well, warm, "S21").mean() == pytest.approx(change.mean(), abs=0.3)


def test_05_a_loose_connector_costs_on_its_line_and_shakes_the_phase(well):
    loose = failed("loose_connector", well, 0.5)
    assert -40.0 < change_db(well, loose, "S23").mean() < -1.0
    assert np.median(np.abs(change_db(well, loose, "S21"))) < 0.1
    quiet = observe(well, WIDE_HZ, np.random.default_rng(1), settings=SETTINGS)
    noisy = observe(loose, WIDE_HZ, np.random.default_rng(1), settings=SETTINGS)

    def shake(traces, situation):
        still = respond(situation, WIDE_HZ)["S23"]
        return np.diff(np.angle(traces["S23"] / still)).std()

    assert shake(noisy, loose) > 2 * shake(quiet, well)


def test_05_the_new_echo_tells_where_the_connector_is(well):
    delays_s = []
    for index in (1, 3):
        effect = LooseConnector(line="weak_line", connector_index=index)
        before = respond(well, WIDE_HZ)["S11"]
        after = respond(effect(well, 0.3), WIDE_HZ)["S11"]
        echo = np.abs(np.fft.ifft((after - before) * np.blackman(1601), 16_384))
        delays_s.append(echo[:8192].argmax() / (WIDE_HZ[1] - WIDE_HZ[0]) / 16_384)
    cable_s = 2 * well.hardware.weak_line.parts[0].delay_s
    assert delays_s[0] == pytest.approx(cable_s, abs=0.3e-9)
    assert delays_s[1] > delays_s[0] + 2e-9


def test_06_a_stuck_switch_shows_the_other_state(well):
    stuck = failed("switch_stuck", well)
    hot = well.at(switch_position_index=float(SwitchPosition.HOT_LOAD))
    axis_hz = near(well)
    level = db(respond(stuck, axis_hz)["S23"])
    healthy = db(respond(well, axis_hz)["S23"])
    assert np.ptp(healthy) > 1.5
    assert np.ptp(level) < 0.2
    np.testing.assert_array_equal(
        respond(stuck, WIDE_HZ)["S23"], respond(hot, WIDE_HZ)["S23"]
    )
    assert change_db(well, stuck, "S21").mean() < -30
    effect = replace(find_failure("switch_stuck").effect, position=SwitchPosition.OPEN)
    opened = effect(well, 1.0)
    away = off_resonance(well)
    assert abs(change_db(well, opened, "S23")[away].mean()) < 1.0
    turn = np.unwrap(
        np.angle(respond(opened, WIDE_HZ)["S23"] / respond(well, WIDE_HZ)["S23"])
    )
    assert abs(np.polyfit(WIDE_HZ, turn, 1)[0]) > 2 * np.pi * 0.5e-9


def test_07_hot_pads_hardly_show_and_warm_the_mixing_chamber(well):
    hot = failed("attenuator_overheated", well)
    change = np.abs(change_db(well, hot, "S23"))[off_resonance(well)]
    assert 1e-5 < change.mean() < 0.05
    plates = hot.point.plates
    assert plates.mixing_chamber_k > well.point.plates.mixing_chamber_k + 0.05
    assert plates.four_kelvin_k == well.point.plates.four_kelvin_k


def test_08_a_stuck_rod_keeps_its_frequency_when_stepped(well):
    start_hz = mode_hz(well)
    stepped = well.at(rod_position_ratio=0.502)
    moved_hz = mode_hz(stepped)
    assert abs(moved_hz - start_hz) > 5e5
    stuck = TuningRodStuck(held_ratio=0.5)(stepped, 1.0)
    assert mode_hz(stuck) == pytest.approx(start_hz, abs=1e4)
    assert mode_hz(TuningRodStuck(held_ratio=0.5)(stepped, 0.0)) == moved_hz


def test_09_at_a_crossing_the_line_is_two_and_its_width_wanders(well):
    hardware = usual_receiver(has_jpa=False)
    quiet = replace(hardware.cavity, leak_reactance_ratio=0.0)
    usual = Situation(hardware=replace(hardware, cavity=quiet), point=COLD)
    crossing = failed("mode_crossing", usual)
    modes = usual.hardware.cavity.modes
    assert crossing.point.rod_position_ratio == pytest.approx(
        crossing_position_ratio(modes[0], modes[1])
    )
    axis_hz = modes[1].resonant_frequency_hz + np.linspace(-1e7, 1e7, 20_001)
    level = db(respond(crossing, axis_hz)["S21"])
    inner = level[1:-1]
    peaks = axis_hz[1:-1][
        (inner > level[:-2]) & (inner > level[2:]) & (inner > level.max() - 25)
    ]
    assert len(peaks) == 2
    assert np.ptp(peaks) == pytest.approx(2 * modes[1].mixing_hz, rel=0.1)
    widths = [
        width_hz(failed("mode_crossing", usual, severity))
        for severity in (0.9, 0.99, 1.0)
    ]
    assert max(widths) / min(widths) > 1.05


def test_10_a_moving_antenna_changes_coupling_but_not_frequency():
    well = Situation(hardware=usual_receiver(has_jpa=False), point=COLD)
    drifted = failed("antenna_drift", well)
    assert mode_hz(drifted) == pytest.approx(mode_hz(well), abs=1e5)
    assert width_hz(drifted) < 0.8 * width_hz(well)

    def winding(situation):
        axis_hz = near(situation, 20 * width_hz(situation))
        known = situation.at(switch_position_index=float(SwitchPosition.BYPASS))
        ratio = respond(situation, axis_hz)["S23"] / respond(known, axis_hz)["S23"]
        return abs(np.unwrap(np.angle(ratio))[-1] - np.unwrap(np.angle(ratio))[0])

    assert winding(well) > 5.0
    assert winding(failed("antenna_drift", well, 1.0)) < 1.5


def test_11_a_flux_jump_shows_in_a_window_of_the_jpas_width_only(with_jpa):
    jumped = failed("jpa_flux_jump", with_jpa)
    change = np.abs(change_db(with_jpa, jumped, "S23"))
    width = with_jpa.hardware.jpa.linewidth_hz
    distance_hz = np.abs(WIDE_HZ - 5.1e9)
    assert 5.0 < change[distance_hz < 2 * width].max() < 25.0
    assert change[distance_hz > 40 * width].max() < 0.5
    quiet = with_jpa.at(jpa_gain_db=0.0)
    turned = np.angle(
        respond(failed("jpa_flux_jump", quiet), WIDE_HZ)["S23"]
        / respond(quiet, WIDE_HZ)["S23"]
    )
    assert np.abs(turned[distance_hz < 2 * width]).max() > 1.0


def test_12_cavity_and_jpa_distort_each_other_only_when_near(with_jpa):
    def interplay(situation):
        """Return how far the gain bump depends on where the cavity is."""
        axis_hz = 5.1e9 + np.linspace(-6e7, 6e7, 1201)
        far = situation.at(frequency_shift_ratio=-0.05)
        ratio = change_db(far, situation, "S21", axis_hz)
        bump = change_db(far, situation, "S23", axis_hz)
        assert np.isfinite(ratio).all()
        return np.abs(bump).max()

    spoiled = failed("cavity_jpa_standing_wave", with_jpa)
    assert interplay(spoiled) > 1.3 * interplay(with_jpa)
    tuned_away = with_jpa.at(frequency_shift_ratio=-0.04)
    away = failed("cavity_jpa_standing_wave", tuned_away)
    assert interplay(away) < 0.3 * interplay(spoiled)


def test_13_a_ramp_moves_everything_smoothly(well):
    steps = [failed("magnet_ramping", well, s) for s in np.linspace(0.1, 1.0, 7)]
    centres = np.asarray([mode_hz(step) for step in steps])
    assert (np.diff(centres) > 0).all()
    assert 1e3 < np.ptp(centres) < 1e6
    widths = [width_hz(step) for step in (well, steps[-1])]
    assert 1.0 <= widths[1] / widths[0] < 1.2
    assert np.abs(change_db(well, steps[-1], "S23"))[off_resonance(well)].mean() > 1e-3


def test_13_a_superconducting_wall_feels_the_ramp_strongly(well):
    from instruments.simulation.physics.chain.matter import NIOBIUM_TITANIUM

    coated = replace(well.hardware.cavity, wall=NIOBIUM_TITANIUM)
    situation = replace(well, hardware=replace(well.hardware, cavity=coated))
    cold = situation.at(cavity_temperature_k=4.0)
    ramped = failed("magnet_ramping", cold)
    effect = replace(find_failure("magnet_ramping").effect, full_field_tesla=12.0)
    assert width_hz(effect(cold, 1.0)) > 1.5 * width_hz(cold)
    assert width_hz(ramped) >= width_hz(cold) * 0.99


def test_14_a_quench_jumps_everywhere_and_leaves_new_reflections(well):
    energised = well.at(magnet_field_tesla=8.0)
    other = replace(energised, hardware=well.neighbour.hardware)
    for situation in (energised, other):
        quenched = failed("magnet_quench", situation)
        assert quenched.point.magnet_field_tesla == 0.0
        assert mode_hz(quenched) < mode_hz(situation) - 3e5
        assert quenched.point.plates.mixing_chamber_k > 5.0
    after = failed("magnet_quench", energised)
    settled = replace(after, point=energised.point)
    assert change_db(energised, settled, "S23").std() > 0.1


def test_15_a_normal_line_costs_with_the_root_of_frequency_and_delays(well):
    normal = failed("nbti_line_normal", well)
    change = change_db(well, normal, "S23")
    assert -8.0 < change.mean() < -2.0
    low, high = -change[:300].mean(), -change[-300:].mean()
    assert high / low == pytest.approx(np.sqrt(7.6 / 4.4), rel=0.2)
    assert change_db(well, normal, "S21").mean() == pytest.approx(
        change.mean(), abs=0.5
    )
    turn = np.unwrap(
        np.angle(respond(normal, WIDE_HZ)["S23"] / respond(well, WIDE_HZ)["S23"])
    )
    assert abs(np.polyfit(WIDE_HZ, turn, 1)[0]) / 2 / np.pi > 2e-13
    assert (
        np.abs(change_db(well, failed("nbti_line_normal", well, 0.1), "S23")).mean()
        < 0.3
    )


def test_16_a_warm_up_goes_back_up_the_cool_downs_curve(well):
    levels = [
        db(respond(failed("fridge_warm_up", well, s), WIDE_HZ)["S23"]).mean()
        for s in (0.2, 0.4, 0.6, 0.8, 1.0)
    ]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] - levels[-1] > 5.0
    half = failed("fridge_warm_up", well, 0.5)
    cooling = replace(
        well,
        point=replace(
            well.point,
            plates=plates_at(half.point.plates.mixing_chamber_k),
            cavity_temperature_k=half.point.cavity_temperature_k,
            rod_temperature_k=half.point.rod_temperature_k,
        ),
    )
    assert np.abs(change_db(cooling, half, "S23")).max() < 1e-9
    shaken = replace(well, vibration=Vibration(amplitude_ratio=1e-6))
    assert failed("fridge_warm_up", shaken, 0.1).vibration.amplitude_ratio == 0.0


def test_17_a_hot_rod_lowers_q_a_little_and_lets_f0_creep(well):
    hot = failed("hot_rod", well)
    assert 1e3 < abs(mode_hz(hot) - mode_hz(well)) < 2e5
    assert 1.0 < width_hz(hot) / width_hz(well) < 1.3
    change = np.abs(change_db(well, hot, "S23"))[off_resonance(well)]
    assert np.percentile(change, 95) < 0.05


def test_18_microphonics_smear_the_line_and_up_differs_from_down(well):
    shaken = failed("microphonics", well)
    axis_hz = near(well, 2e6, 401)

    def centre(situation, *, is_falling):
        traces = observe(
            situation,
            axis_hz,
            np.random.default_rng(4),
            settings=SweepSettings(if_bandwidth_hz=300.0),
            is_falling=is_falling,
        )
        power = np.abs(traces["S21"]) ** 2
        power = np.clip(power - 0.3 * power.max(), 0, None)
        return (axis_hz * power).sum() / power.sum()

    differences = [
        abs(centre(situation, is_falling=True) - centre(situation, is_falling=False))
        for situation in (well, shaken)
    ]
    assert differences[1] > 10 * differences[0]
    assert differences[1] > 2e4


def test_19_a_leak_moves_all_modes_down_by_the_same_part(well):
    hardware = usual_receiver(has_jpa=False)
    usual = Situation(hardware=hardware, point=COLD)
    filled = failed("cavity_leak", usual)
    ratio = mode_hz(filled, 5.1e9 / np.sqrt(1.0493)) / mode_hz(usual)
    assert ratio == pytest.approx(1 / np.sqrt(1.0493), rel=1e-4)
    assert ratio == pytest.approx(1 - 0.024, abs=1e-3)
    from instruments.simulation.physics.chain.cavity import normal_modes_hz
    from instruments.simulation.physics.chain.lifting import lifted

    def all_hz(situation):
        axis = np.asarray([5e9])
        return np.concatenate(
            normal_modes_hz(
                lifted(situation.hardware.cavity, axis), lifted(situation.point, axis)
            )
        )

    np.testing.assert_allclose(all_hz(filled) / all_hz(usual), ratio, rtol=1e-4)


def test_20_an_old_calibration_turns_the_phase_of_all_channels_alike(well):
    drifted = failed("vna_calibration_expired", well)
    slopes = []
    for situation, broken in (
        (well, drifted),
        (well.neighbour, failed("vna_calibration_expired", well.neighbour)),
    ):
        ratio = respond(broken, WIDE_HZ)["S23"] / respond(situation, WIDE_HZ)["S23"]
        assert 0.01 < np.abs(db(ratio)).mean() < 1.0
        slopes.append(np.polyfit(WIDE_HZ, np.unwrap(np.angle(ratio)), 1)[0])
    assert abs(slopes[0]) > 2 * np.pi * 5e-13
    assert slopes[1] == pytest.approx(slopes[0], rel=0.5)


def test_21_too_much_power_compresses_and_too_little_drowns(well):
    driven = failed("wrong_power", well)
    change = change_db(well, driven, "S23")
    assert -20.0 < change.mean() < -0.5
    assert np.median(np.abs(change_db(well, driven, "S11"))) < 1e-3
    starved = WrongPower(full_power_dbm=-85.0)(well, 1.0)
    assert np.abs(change_db(well, starved, "S23")).max() < 0.1

    def scatter(situation):
        traces = observe(
            situation, WIDE_HZ, np.random.default_rng(2), settings=SETTINGS
        )
        return np.abs(traces["S23"] / respond(situation, WIDE_HZ)["S23"] - 1).mean()

    assert scatter(starved) > 30 * scatter(well)


def test_21_a_superconducting_line_tilts_and_then_bifurcates(well):
    axis_hz = near(well, 3e6, 601)
    coated = replace(well, kerr_ratio=-2e-3).at(source_power_dbm=-40.0)
    strong = WrongPower(full_power_dbm=-12.0)

    def level(situation, *, is_falling=False):
        traces = observe(
            situation,
            axis_hz,
            np.random.default_rng(5),
            settings=SweepSettings(if_bandwidth_hz=100.0),
            is_falling=is_falling,
        )
        return db(traces["S21"])

    def skew(trace_db):
        """Return how far the half-power middle lies from the peak."""
        above = axis_hz[trace_db > trace_db.max() - 3.0]
        return axis_hz[trace_db.argmax()] - above.mean()

    assert abs(skew(level(coated))) < 1e4
    assert skew(level(strong(coated, 0.9))) < -1e4

    def largest_step(trace_db):
        size = 10 ** (trace_db / 20)
        return np.abs(np.diff(size)).max() / size.max()

    calm, jumping = (level(s) for s in (coated, strong(coated, 1.0)))
    assert largest_step(jumping) > 3 * largest_step(calm)
    up, down = (level(strong(coated, 1.0), is_falling=way) for way in (False, True))
    assert np.abs(up - down).max() > 3.0


def test_22_a_glitch_spoils_single_samples_of_one_sweep(well):
    clean = observe(well, WIDE_HZ, np.random.default_rng(3), settings=SETTINGS)
    spoiled = failed("vna_glitch", well, 0.01)
    seen = observe(spoiled, WIDE_HZ, np.random.default_rng(3), settings=SETTINGS)
    absurd = np.abs(seen["S23"]) > 1e20
    assert 1 <= absurd.sum() <= 8
    assert (np.angle(seen["S23"][absurd]) == 0).all()
    np.testing.assert_array_equal(seen["S23"][~absurd], clean["S23"][~absurd])
    lost = observe(
        VnaGlitch(kind=GlitchKind.NOT_A_NUMBER)(well, 1.0),
        WIDE_HZ,
        np.random.default_rng(3),
        settings=SETTINGS,
    )
    assert np.isnan(lost["S21"]).mean() == pytest.approx(0.25, abs=0.01)
    for kind, value in ((GlitchKind.ZEROS, 0.0), (GlitchKind.CONSTANT, None)):
        cut = observe(
            VnaGlitch(kind=kind)(well, 1.0),
            WIDE_HZ,
            np.random.default_rng(3),
            settings=SETTINGS,
        )["S21"][-400:]
        assert (cut == (cut[0] if value is None else value)).all()


def test_23_swapped_cables_exchange_fingerprints_and_frequencies(well):
    swapped = failed("swapped_cables", well)
    for name in ("S21", "S23", "S11"):
        np.testing.assert_array_equal(
            respond(swapped, WIDE_HZ)[name], respond(well.neighbour, WIDE_HZ)[name]
        )
    assert mode_hz(swapped) == mode_hz(well.neighbour)
    back = failed("swapped_cables", swapped)
    assert mode_hz(back) == mode_hz(well)
    alone = replace(well, neighbour=None)
    with pytest.raises(ValueError, match="needs a second cavity"):
        failed("swapped_cables", alone)


def test_24_a_neighbours_line_shows_and_tunes_with_it(well):
    def extra_hz(neighbour_shift):
        neighbour = well.neighbour.at(frequency_shift_ratio=neighbour_shift)
        situation = replace(well, neighbour=neighbour)
        axis_hz = near(neighbour, 2e6, 2001)
        leaking = failed("neighbour_cross_talk", situation)
        difference = np.abs(
            respond(leaking, axis_hz)["S21"] - respond(situation, axis_hz)["S21"]
        )
        own = np.abs(respond(situation, axis_hz)["S21"]).max()
        assert 0.02 * own < difference.max()
        return axis_hz[difference.argmax()]

    start_hz, moved_hz = extra_hz(0.0), extra_hz(2e-3)
    assert start_hz == pytest.approx(mode_hz(well.neighbour), abs=2e4)
    assert moved_hz - start_hz == pytest.approx(2e-3 * start_hz, abs=2e4)
    leaking = failed("neighbour_cross_talk", well)
    assert mode_hz(leaking) == pytest.approx(mode_hz(well), abs=2e4)
