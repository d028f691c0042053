from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration.novelty import FLAG_BELOW
from models.diagnosis import ResonanceEstimate, ResonanceState
from models.errors import ModelFolderError, TrainingRefusedError
from models.thermometry import (
    LineObservation,
    ResonatorThermometer,
    ThermometryState,
    observe,
    observe_sweep,
)
from models.thermometry.device import Device
from models.thermometry.observation import Table
from models.thermometry.posterior import strangeness_of, threshold_of

NIOBIUM = Device(
    two_level_ratio=1.9e-4,
    kinetic_fraction=0.14,
    critical_k=9.2,
    dephasing_exponent=1.3,
    saturation_exponent=0.5,
    energy_exponent=0.5,
    resistive_ratio=1.5,
    floor_loss=2e-6,
)
COLDEST_K = 0.09


def cooldown(device, frequency_hz, temperature_k, rng, *, reference_loss=3e-5):
    """Lines of one device over temperature as the laws have them, with noise."""
    count = len(temperature_k)
    columns = {
        "reference_hz": np.full(count, frequency_hz),
        "shift": np.zeros(count),
        "shift_sigma": np.full(count, 2e-7),
        "log_loss": np.zeros(count),
        "log_loss_sigma": np.full(count, 0.01),
        "reference_log_loss": np.full(count, np.log(reference_loss)),
        "reference_log_loss_sigma": np.full(count, 0.01),
        "log_energy_ratio": np.zeros(count),
    }
    known = np.full(count, COLDEST_K)
    bare = Table(columns)
    columns["shift"] = device.shift(temperature_k, known, bare)
    columns["shift"] = columns["shift"] + 2e-7 * rng.normal(size=count)
    columns["log_loss"] = device.log_loss(temperature_k, known, bare)
    columns["log_loss"] = columns["log_loss"] + 0.01 * rng.normal(size=count)
    return [
        LineObservation(
            **{name: float(values[row]) for name, values in columns.items()}
        )
        for row in range(count)
    ]


@pytest.fixture(scope="module")
def family():
    """Observations, temperatures and names of four devices of one metal."""
    rng = np.random.default_rng(7)
    observations, temperatures, names = [], [], []
    for number in range(4):
        device = Device(
            **{
                **{name: getattr(NIOBIUM, name) for name in NIOBIUM.__slots__},
                "two_level_ratio": NIOBIUM.two_level_ratio * rng.uniform(0.97, 1.03),
                "kinetic_fraction": NIOBIUM.kinetic_fraction * rng.uniform(0.97, 1.03),
            }
        )
        temperature_k = rng.uniform(0.1, 2.5, 60)
        observations += cooldown(device, 5e9 + 1e9 * number, temperature_k, rng)
        temperatures.append(temperature_k)
        names += [f"device-{number}"] * 60
    return observations, np.concatenate(temperatures), np.array(names)


@pytest.fixture(scope="module")
def thermometer(family):
    observations, temperature_k, cavity = family
    return ResonatorThermometer.fit(
        observations,
        temperature_k,
        np.full(temperature_k.size, COLDEST_K),
        cavity,
        cavity,
    )


def test_a_device_never_seen_tells_its_temperature(thermometer):
    rng = np.random.default_rng(3)
    truth = rng.uniform(0.15, 2.45, 120)
    lines = cooldown(NIOBIUM, 9.5e9, truth, rng)
    judged = [thermometer.judge(line) for line in lines]
    quantiles_k = np.array([each.quantiles_k for each in judged])
    assert np.median(np.abs(quantiles_k[:, 2] - truth)) < 0.03
    inside = (truth >= quantiles_k[:, 0]) & (truth <= quantiles_k[:, -1])
    assert inside.mean() > 0.85
    assert (np.diff(quantiles_k, axis=1) >= 0.0).all()


def _other(two_level, kinetic):
    return replace(
        NIOBIUM,
        two_level_ratio=two_level * NIOBIUM.two_level_ratio,
        kinetic_fraction=kinetic * NIOBIUM.kinetic_fraction,
    )


@pytest.fixture(scope="module")
def twins():
    """A thermometer of two devices that happen to be alike."""
    rng = np.random.default_rng(17)
    temperature_k = rng.uniform(0.11, 2.5, 80)
    names = np.array(["one", "other"]).repeat(40)
    return ResonatorThermometer.fit(
        cooldown(_other(1.002, 0.999), 8.2e9, temperature_k[:40], rng)
        + cooldown(_other(0.998, 1.001), 8.7e9, temperature_k[40:], rng),
        temperature_k,
        np.full(80, COLDEST_K),
        names,
        names,
    )


@pytest.mark.parametrize(("two_level", "kinetic"), [(1.08, 0.97), (0.93, 1.03)])
def test_two_devices_that_are_alike_do_not_promise_a_third(twins, two_level, kinetic):
    rng = np.random.default_rng(19)
    truth = np.linspace(0.15, 2.45, 60)
    lines = cooldown(_other(two_level, kinetic), 8.0e9, truth, rng)
    judged = [twins.judge(line) for line in lines]
    bounds_k = np.array([each.quantiles_k for each in judged])
    inside = (truth >= bounds_k[:, 0]) & (truth <= bounds_k[:, -1])
    assert inside.mean() > 0.85
    told = [each.state is ThermometryState.ESTIMATED for each in judged]
    assert np.mean(told) > 0.9


def test_a_reference_is_judged_as_cold_as_references_are(twins):
    line = cooldown(NIOBIUM, 8.2e9, np.array([COLDEST_K]), np.random.default_rng(3))[0]
    judged = twins.judge(replace(line, shift=0.0, shift_sigma=0.0))
    assert judged.quantiles_k[0] < COLDEST_K < judged.quantiles_k[-1]


def test_the_constants_of_the_metal_are_found(thermometer):
    device = thermometer.emulator.device
    assert device.critical_k == pytest.approx(NIOBIUM.critical_k, rel=0.05)
    assert device.two_level_ratio == pytest.approx(NIOBIUM.two_level_ratio, rel=0.05)


def test_saved_equals_loaded(thermometer, family):
    again = ResonatorThermometer.from_arrays(thermometer.to_arrays())
    for line in family[0][::20]:
        one, other = thermometer.judge(line), again.judge(line)
        np.testing.assert_array_equal(one.density, other.density)
        assert one.state is other.state


def test_the_same_sweeps_teach_the_same_thermometer(thermometer, family):
    observations, temperature_k, cavity = family
    known = np.full(temperature_k.size, COLDEST_K)
    again = ResonatorThermometer.fit(observations, temperature_k, known, cavity, cavity)
    for name, values in again.to_arrays().items():
        np.testing.assert_array_equal(values, thermometer.to_arrays()[name])


@pytest.mark.parametrize("change", ["missing", "extra", "shape", "nan"])
def test_arrays_that_were_changed_are_refused(thermometer, change):
    arrays = thermometer.to_arrays()
    if change == "missing":
        del arrays["prior"]
    elif change == "extra":
        arrays["more"] = np.zeros(1)
    elif change == "shape":
        arrays["spread"] = np.zeros(3)
    else:
        arrays["grid_k"] = np.full_like(arrays["grid_k"], np.nan)
    with pytest.raises(ModelFolderError, match="thermometer: array"):
        ResonatorThermometer.from_arrays(arrays)


def test_too_few_lines_are_refused(family):
    observations, temperature_k, cavity = family
    with pytest.raises(TrainingRefusedError, match="11 sweeps show a resonance"):
        ResonatorThermometer.fit(
            [*observations[:11], None],
            temperature_k[:12],
            np.full(12, COLDEST_K),
            cavity[:12],
            cavity[:12],
        )


def test_without_reference_or_line_the_prior_is_returned(thermometer, family):
    without = thermometer.judge(family[0][0], has_reference=False)
    assert without.state is ThermometryState.NO_REFERENCE
    lost = thermometer.judge(None)
    assert lost.state is ThermometryState.NOT_DETERMINABLE
    np.testing.assert_array_equal(lost.density, thermometer.prior)
    assert without.reason
    assert lost.reason


def test_a_line_that_no_device_shows_is_not_judged(thermometer, family):
    line = family[0][0]
    moved = type(line)(
        **{**{name: getattr(line, name) for name in line.__slots__}, "shift": 0.01}
    )
    judged = thermometer.judge(moved)
    assert judged.state is ThermometryState.NOT_DETERMINABLE
    assert "none that was learnt" in (judged.reason or "")


@given(st.floats(1e-3, 1e6), st.floats(1.0, 1e3), st.floats(1.0, 1e3))
def test_what_is_further_away_is_stranger(distance, further, threshold):
    near = strangeness_of(distance, threshold)
    assert 0.0 <= strangeness_of(distance * further, threshold) <= near <= 1.0
    assert (near < FLAG_BELOW) == (distance > threshold)


def test_nothing_is_stranger_than_what_is_no_number():
    assert strangeness_of(np.nan, 40.0) == 0.0


def test_what_is_told_is_not_strange_and_what_is_strange_not_told(thermometer, family):
    line = family[0][0]
    for shift in np.geomspace(1e-7, 1e-2, 40):
        judged = thermometer.judge(replace(line, shift=float(shift)))
        assert judged.p_value is not None
        if judged.p_value < FLAG_BELOW:
            assert judged.state is not ThermometryState.ESTIMATED
    assert judged.p_value < FLAG_BELOW
    assert thermometer.judge(None).p_value is None


@given(st.floats(1.0, 1e3), st.integers(1, 50))
def test_one_more_device_exceeds_all_once_in_their_number_and_one(largest, count):
    threshold = threshold_of(largest, count)
    assert strangeness_of(largest, threshold) == pytest.approx(1.0 / (count + 1))
    # Few devices call little strange.
    assert threshold_of(largest, count + 1) < threshold


def test_lines_that_obey_no_superconductor_are_learnt_from_their_departures():
    """A copper cavity shrinks and its loss falls: smooth, but none of the laws."""
    rng = np.random.default_rng(5)
    temperature_k = rng.uniform(4.0, 300.0, 150)
    observations = []
    for value in temperature_k:
        shift = -4e-3 * (value / 300.0) ** 1.5 + 1e-6 * rng.normal()
        loss = np.log(4e-5 * (1.0 + 4.0 * value / 300.0)) + 0.01 * rng.normal()
        observations.append(
            observe(_line(7e9 * (1.0 + shift), np.exp(-loss)), _line(7e9, 24e3))
        )
    cycle = np.array([f"cycle-{row % 3}" for row in range(150)])
    thermometer = ResonatorThermometer.fit(
        observations, temperature_k, np.full(150, 4.0), np.full(150, "copper"), cycle
    )
    medians = np.array(
        [thermometer.judge(each).quantiles_k[2] for each in observations]
    )
    assert np.median(np.abs(np.log(medians / temperature_k))) < 0.15


def _line(f0_hz, quality, state=ResonanceState.OK):
    return ResonanceEstimate(
        state=state,
        resonant_frequency_hz=f0_hz,
        resonant_frequency_sigma_hz=1e3,
        loaded_q=quality / 2.0,
        loaded_q_sigma=quality / 200.0,
        unloaded_q=quality,
        unloaded_q_sigma=quality / 100.0,
        coupling_q=quality,
    )


def test_a_doubtful_fit_counts_less():
    sure = observe(_line(7e9, 1e4), _line(7e9, 1e4))
    doubtful = observe(_line(7e9, 1e4, ResonanceState.EDGE), _line(7e9, 1e4))
    assert doubtful.shift_sigma > 10.0 * sure.shift_sigma
    assert doubtful.log_loss_sigma > 10.0 * sure.log_loss_sigma


def test_a_sweep_without_numbers_is_no_observation():
    nothing = ResonanceEstimate(state=ResonanceState.NO_RESONANCE)
    assert observe(nothing, _line(7e9, 1e4)) is None
    assert observe_sweep({"S21": nothing}, {"S21": _line(7e9, 1e4)}) is None
    assert observe_sweep({"S21": _line(7e9, 1e4)}, {}) is None
