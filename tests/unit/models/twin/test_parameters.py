"""Every constant has one group, and the groups hold what they say."""

import numpy as np
import pytest

from instruments.simulation.physics.chain import (
    OperatingPoint,
    list_constants,
    mated_again,
    usual_receiver,
)
from instruments.simulation.physics.chain.drawing import CABLES_TOUCHED, THERMAL_CYCLE
from models.twin.parameters import (
    FIELD_NAME,
    TEMPERATURE_NAME,
    ParameterGroup,
    cycle_constants,
    group_of,
    hardware_constants,
    state_constants,
)


def values_of(hardware):
    return {known.name: known.value for known in list_constants(hardware)}


def test_cycle_group_is_exactly_what_a_mating_moves() -> None:
    hardware = usual_receiver()
    moved = mated_again(hardware, CABLES_TOUCHED, np.random.default_rng(5))
    before, after = values_of(hardware), values_of(moved)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {known.name for known in cycle_constants(hardware)}


def test_spread_of_a_mating_is_the_prior() -> None:
    hardware = usual_receiver()
    draws = [
        values_of(mated_again(hardware, CABLES_TOUCHED, np.random.default_rng(seed)))
        for seed in range(300)
    ]
    for known in cycle_constants(hardware)[::7]:
        scatter = np.std([draw[known.name] for draw in draws])
        assert scatter == pytest.approx(known.prior_sigma, rel=0.2)


def test_an_untouched_cycle_is_narrower() -> None:
    hardware = usual_receiver()
    touched = cycle_constants(hardware)
    untouched = cycle_constants(hardware, THERMAL_CYCLE)
    for wide, narrow in zip(touched, untouched, strict=True):
        assert narrow.prior_sigma < wide.prior_sigma


def test_hardware_holds_the_cycle_and_no_state() -> None:
    names = {known.name for known in hardware_constants(usual_receiver())}
    assert {known.name for known in cycle_constants(usual_receiver())} <= names
    groups = {group_of(name) for name in names}
    assert groups == {ParameterGroup.HARDWARE, ParameterGroup.CYCLE}


def test_state_leaves_out_what_is_asked_for() -> None:
    names = {known.name for known in state_constants(OperatingPoint())}
    assert TEMPERATURE_NAME not in names
    assert FIELD_NAME not in names
    asked = (*names, TEMPERATURE_NAME, FIELD_NAME)
    assert {group_of(name) for name in asked} == {ParameterGroup.STATE}
    known = {known.name for known in list_constants(OperatingPoint())}
    assert names <= known
