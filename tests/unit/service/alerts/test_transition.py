"""The life cycle of an alert, as laws over every sequence of actions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.alerts.transition import MESSAGE_EVENT, Action, AlertState, next_state

ACTIVE = {AlertState.ACTIVE_ACKNOWLEDGED, AlertState.ACTIVE_UNACKNOWLEDGED}


def walk(actions: list[Action]) -> list[AlertState]:
    states = [AlertState.NORMAL]
    for action in actions:
        states.append(next_state(states[-1], action) or states[-1])
    return states


@given(st.lists(st.sampled_from(list(Action)), max_size=30))
def test_active_means_raised_and_not_cleared_since(actions):
    is_raised = False
    states = walk(actions)
    for action, state in zip(actions, states[1:], strict=True):
        if action is Action.RAISE:
            is_raised = True
        if action is Action.CLEAR:
            is_raised = False
        assert (state in ACTIVE) is is_raised


@given(st.lists(st.sampled_from(list(Action)), max_size=30))
def test_unacknowledged_becomes_normal_only_through_a_person(actions):
    states = walk(actions)
    for before, action, after in zip(states, actions, states[1:], strict=False):
        if before is AlertState.ACTIVE_UNACKNOWLEDGED:
            assert after is not AlertState.NORMAL
        if before is AlertState.CLEARED_UNACKNOWLEDGED and after is AlertState.NORMAL:
            assert action is Action.ACKNOWLEDGE


@given(st.sampled_from(list(AlertState)), st.sampled_from(list(Action)))
def test_clear_and_raise_are_idempotent(state, action):
    if action in (Action.CLEAR, Action.RAISE):
        after = next_state(state, action)
        assert after is None or next_state(after, action) is None


def test_an_expired_acknowledgement_speaks_again():
    after = next_state(AlertState.ACTIVE_ACKNOWLEDGED, Action.EXPIRE)
    assert after is AlertState.ACTIVE_UNACKNOWLEDGED
    assert MESSAGE_EVENT[Action.EXPIRE] == "raised"


@pytest.mark.parametrize("state", [s for s in AlertState if "acknowledged" not in s])
def test_nothing_is_acknowledged_twice_over(state):
    assert next_state(state, Action.ACKNOWLEDGE) is None
