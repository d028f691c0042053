from dataclasses import replace

import numpy as np
import pytest

from instruments.simulation.failures import (
    CATALOGUE,
    Onset,
    Scope,
    Situation,
    find_failure,
    respond,
)
from instruments.simulation.physics.chain import usual_receiver

AXIS_HZ = np.linspace(4.9e9, 5.4e9, 101)


@pytest.fixture(scope="module")
def situation():
    well = Situation(hardware=usual_receiver()).at(rod_position_ratio=0.52)
    return replace(well, neighbour=Situation(hardware=usual_receiver(has_jpa=False)))


def test_there_are_twenty_four_with_names_of_their_own():
    assert [failure.number for failure in CATALOGUE] == list(range(1, 25))
    assert len({failure.name for failure in CATALOGUE}) == 24
    for failure in CATALOGUE:
        assert failure.desks
        assert failure.recovery.endswith(".")
        assert 1 <= failure.urgency_number <= 4
        assert (failure.time_scale_s == 0.0) <= (
            failure.onset in {Onset.STEP, Onset.ONE_SWEEP}
        )


def test_scopes_are_those_of_the_catalogue():
    found = {
        scope: [f.number for f in CATALOGUE if f.scope is scope] for scope in Scope
    }
    assert found[Scope.ARRAY] == [13, 14, 16]
    assert found[Scope.PLATE] == [4]
    assert found[Scope.VNA] == [20, 21, 22]
    assert found[Scope.PAIR] == [23, 24]


@pytest.mark.parametrize("failure", CATALOGUE, ids=lambda failure: failure.name)
def test_a_failure_changes_a_copy_and_the_receiver_still_works(failure, situation):
    before = respond(situation, AXIS_HZ)
    for severity in (0.2, 1.0):
        changed = failure.apply(situation, severity)
        assert changed != situation
        for trace in respond(changed, AXIS_HZ).values():
            assert np.isfinite(trace).all()
    assert failure.apply(situation, 0.0) is situation
    after = respond(situation, AXIS_HZ)
    for name, trace in before.items():
        np.testing.assert_array_equal(after[name], trace)


@pytest.mark.parametrize("severity", [-0.1, 1.1, float("nan")])
def test_a_severity_outside_of_its_range_is_refused(situation, severity):
    with pytest.raises(ValueError, match="severity of hot_rod"):
        find_failure("hot_rod").apply(situation, severity)


def test_an_unknown_name_gets_the_list_of_names():
    with pytest.raises(KeyError, match="no failure is called gremlin; there are circ"):
        find_failure("gremlin")
