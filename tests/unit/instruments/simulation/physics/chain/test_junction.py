import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.physics.chain import OperatingPoint, plates_at
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.catalogue import usual_circulator
from instruments.simulation.physics.chain.junction import (
    eigenvalue_junction,
    follow_field,
    inner_field_tesla,
    junction_response,
)
from instruments.simulation.physics.chain.lifting import lifted

AXIS_HZ = np.linspace(4e9, 8e9, 201)
CIRCULATOR = usual_circulator(5.9e9)


def isolation_db(circulator=CIRCULATOR, **state):
    junction = junction_response(
        lifted(circulator, AXIS_HZ),
        make_band(AXIS_HZ),
        lifted(OperatingPoint(**state), AXIS_HZ),
    )
    return -20 * np.log10(np.abs(junction.leak))


@pytest.mark.parametrize(
    ("splitting", "centre", "known_db"),
    [
        (1.05, 1.0, 32),
        (1.1, 1.0, 26),
        (1.2, 1.0, 21),
        (1.38, 1.0, 16),
        (0.8, 1.0, 19),
        (1.0, 1.02, 31),
        (1.0, 1.05, 23),
        (1.0, 1.10, 18),
    ],
)
def test_isolation_follows_the_table(splitting, centre, known_db):
    junction = eigenvalue_junction(
        np.asarray([5e9]), 5e9 * centre, 0.4 * splitting, 0.577 / 0.4, 0.0
    )
    got = -20 * np.log10(np.abs(junction.leak[0]))
    assert got == pytest.approx(known_db, abs=0.6)
    assert -20 * np.log10(np.abs(junction.forward[0])) < 0.3


def test_return_loss_of_a_wide_splitting():
    junction = eigenvalue_junction(np.asarray([5e9]), 5e9, 0.4 * 1.38, 0.577 / 0.4, 0.0)
    got = -20 * np.log10(np.abs(junction.reflection[0]))
    assert got == pytest.approx(14.7, abs=1.5)


def test_an_ideal_junction_passes_all_and_leaks_nothing():
    ideal = 1 / math.sqrt(3)
    junction = eigenvalue_junction(np.asarray([5e9]), 5e9, 0.4, ideal / 0.4, 0.0)
    assert abs(junction.forward[0]) == pytest.approx(1.0, abs=1e-6)
    assert abs(junction.leak[0]) < 1e-3


def test_below_thirty_kelvin_the_ferrite_is_frozen():
    cold, cool, warm = (isolation_db(plates=plates_at(t)) for t in (0.02, 20.0, 200.0))
    cold, cool, warm = (10 ** (-level / 20) for level in (cold, cool, warm))
    assert np.abs(cold - cool).max() < 0.01
    assert np.abs(cold - warm).max() > 0.05


def test_the_sign_of_the_field_matters():
    aid, oppose, none = (isolation_db(magnetic_field_tesla=b) for b in (0.03, -0.03, 0))
    assert np.abs(aid - oppose).mean() > 1.0
    assert np.median(none) > max(np.median(aid), np.median(oppose))


def test_a_small_field_is_shielded_and_a_large_one_is_not():
    def inside(field_tesla):
        point = lifted(OperatingPoint(magnetic_field_tesla=field_tesla), AXIS_HZ)
        return float(inner_field_tesla(lifted(CIRCULATOR, AXIS_HZ), point)[0])

    assert inside(1e-4) == pytest.approx(0.9 * 1e-4 / 20, rel=0.01)
    assert inside(0.05) == pytest.approx(0.9 * (0.05 - 3.8e-3), rel=1e-3)
    assert inside(-0.05) == -inside(0.05)


@given(st.lists(st.floats(-0.05, 0.05), min_size=1, max_size=20))
def test_what_the_shield_remembers_is_never_farther_than_its_coercive_field(fields):
    remembered = follow_field(CIRCULATOR, fields)
    for now, kept in zip(fields, remembered, strict=True):
        assert abs(now - kept) <= CIRCULATOR.coercive_field_tesla + 1e-15


def test_the_way_up_and_the_way_down_differ():
    up = follow_field(CIRCULATOR, [0.0, 0.01, 0.02])
    down = follow_field(CIRCULATOR, [0.0, 0.05, 0.02])
    assert down[-1] - up[-1] == pytest.approx(2 * CIRCULATOR.coercive_field_tesla)
    soft = replace(CIRCULATOR, coercive_field_tesla=0.0)
    assert follow_field(soft, [0.0, 0.05, 0.02])[-1] == 0.02
    after = isolation_db(magnetic_field_tesla=0.0, remanent_field_tesla=down[-1])
    assert np.abs(after - isolation_db()).max() > 1e-3
