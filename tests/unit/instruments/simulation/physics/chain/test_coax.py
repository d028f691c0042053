from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.physics.chain import PlateTemperatures
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.coax import (
    Attenuator,
    CoaxSection,
    FlexCable,
    coax_transmission,
    flex_transmission,
    pad_transmission,
)
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.matter import (
    BERYLLIUM_COPPER,
    COPPER,
    CUPRONICKEL,
    NIOBIUM_TITANIUM,
    STAINLESS_STEEL,
)
from instruments.simulation.physics.chain.plates import Plate
from instruments.simulation.physics.chain.ranges import ParameterOutOfRangeError

AXIS_HZ = np.asarray([1e9, 5e9, 10e9])


def coax(metal, length_m=1.0, **changes):
    return CoaxSection(
        warm_end=Plate.STILL,
        cold_end=Plate.STILL,
        inner=metal,
        outer=metal,
        length_m=length_m,
        **changes,
    )


def passed(section, at_k, field_tesla=0.0, axis_hz=AXIS_HZ):
    return coax_transmission(
        lifted(section, axis_hz),
        make_band(axis_hz),
        lifted(PlateTemperatures(still_k=at_k), axis_hz),
        np.asarray([field_tesla]),
    )


def loss_db(*args, **keywords):
    return -20 * np.log10(np.abs(passed(*args, **keywords)))


@pytest.mark.parametrize(
    ("metal", "at_k", "known_db"),
    [
        (COPPER, 300.0, (0.61, 1.43, 2.10)),
        (BERYLLIUM_COPPER, 300.0, (1.28, 2.94, 4.24)),
        (BERYLLIUM_COPPER, 4.0, (1.04, 2.33, 3.30)),
        (CUPRONICKEL, 300.0, (2.8, 6.3, 8.9)),
        (CUPRONICKEL, 4.0, (2.7, 6.0, 8.4)),
        (STAINLESS_STEEL, 300.0, (3.8, 8.6, 12.2)),
        (STAINLESS_STEEL, 4.0, (3.1, 7.0, 10.0)),
        (NIOBIUM_TITANIUM, 10.0, (3.4, 7.7, 10.9)),
    ],
)
def test_loss_per_metre_follows_the_table(metal, at_k, known_db):
    np.testing.assert_allclose(loss_db(coax(metal), at_k), known_db, rtol=0.08)


def test_superconducting_coax_loses_next_to_nothing_until_it_is_warm_or_in_a_field():
    section = coax(NIOBIUM_TITANIUM, 0.3, magnet_share_ratio=1.0)
    cold = loss_db(section, 4.0)
    assert 0.0015 < cold[1] < 0.02
    warm = loss_db(section, 10.5) - cold
    assert warm[1] == pytest.approx(2.3, abs=0.2)
    assert warm[2] == pytest.approx(3.3, abs=0.3)
    for field_tesla in (-13.0, 13.0):
        assert loss_db(section, 4.0, field_tesla)[1] > 2.0


def test_the_transition_brings_a_step_of_the_delay():
    axis_hz = np.linspace(4e9, 8e9, 401)
    section = coax(NIOBIUM_TITANIUM, 0.5)
    ratio = passed(section, 9.8, axis_hz=axis_hz) / passed(
        section, 4.0, axis_hz=axis_hz
    )
    slope = np.polyfit(axis_hz, np.unwrap(np.angle(ratio)), 1)[0]
    assert 2e-13 < abs(slope) / 2 / np.pi < 2e-11


def test_a_cable_gets_longer_when_cold():
    axis_hz = np.linspace(1e9, 10e9, 401)
    section = coax(BERYLLIUM_COPPER, 2.0)

    def delay_s(at_k):
        turn = np.unwrap(np.angle(passed(section, at_k, axis_hz=axis_hz)))
        return -np.polyfit(axis_hz, turn, 1)[0] / 2 / np.pi

    assert delay_s(3.0) / delay_s(295.0) - 1 == pytest.approx(0.0020, abs=0.0003)


@given(st.floats(0.0, 299.0), st.floats(0.01, 1.0))
def test_a_section_between_two_plates_loses_as_its_pieces(warm_k, share):
    plates = PlateTemperatures(four_kelvin_k=warm_k, still_k=share * warm_k)
    band = make_band(AXIS_HZ)
    whole = replace(coax(CUPRONICKEL), warm_end=Plate.FOUR_KELVIN)
    lost = -np.log(
        np.abs(
            coax_transmission(
                lifted(whole, AXIS_HZ), band, lifted(plates, AXIS_HZ), np.zeros(1)
            )
        )
    )
    ends = [
        -np.log(np.abs(passed(coax(CUPRONICKEL), k))) for k in (warm_k, share * warm_k)
    ]
    assert (lost >= np.minimum(*ends) - 1e-9).all()
    assert (lost <= np.maximum(*ends) + 1e-9).all()


def test_a_pad_changes_by_hundredths_of_a_db():
    pad = lifted(Attenuator(plate=Plate.STILL, attenuation_db=20.0), AXIS_HZ)

    def level_db(at_k, heating_k=0.0):
        plates = lifted(PlateTemperatures(still_k=at_k), AXIS_HZ)
        trace = pad_transmission(
            pad, make_band(AXIS_HZ), plates, np.asarray([heating_k])
        )
        return 20 * np.log10(np.abs(trace))

    assert level_db(0.02)[1] == pytest.approx(-20.1, abs=0.01)
    assert 0.02 < np.abs(level_db(15.0) - level_db(296.0)).max() < 0.25
    assert 1e-4 < np.abs(level_db(0.02, 5.0) - level_db(0.02)).max() < 0.05


def test_a_flexible_cable_follows_the_room_and_has_a_knee():
    cable = FlexCable(delay_s=10e-9, conductor_loss_db=1.0, dielectric_loss_db=0.2)

    def phase_rad(room_k):
        trace = flex_transmission(
            lifted(cable, AXIS_HZ), make_band(AXIS_HZ), np.asarray([room_k])
        )
        return np.angle(trace)[1]

    def per_k(room_k):
        turn = phase_rad(room_k + 0.5) - phase_rad(room_k - 0.5)
        return abs((turn + np.pi) % (2 * np.pi) - np.pi)

    assert np.degrees(per_k(298.5)) == pytest.approx(1.1, abs=0.4)
    assert per_k(293.0) > 1.5 * per_k(298.5)


def test_radii_the_wrong_way_round_are_refused():
    with pytest.raises(ParameterOutOfRangeError, match="must be the thinner one"):
        coax(COPPER, inner_radius_m=1e-3)
