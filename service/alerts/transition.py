"""The life cycle of an alert: the subset of ISA-18.2 that this edition keeps."""

from enum import StrEnum


class AlertState(StrEnum):
    """Where an alert stands."""

    NORMAL = "normal"
    """The cause is gone and somebody has seen it, or it never was."""

    ACTIVE_UNACKNOWLEDGED = "active_unacknowledged"
    """The cause persists and nobody has taken it on."""

    ACTIVE_ACKNOWLEDGED = "active_acknowledged"
    """The cause persists and somebody has taken it on, for a while."""

    CLEARED_UNACKNOWLEDGED = "cleared_unacknowledged"
    """The cause is gone and nobody has seen it."""


class Action(StrEnum):
    """What can happen to an alert."""

    RAISE = "raise"
    """Its rule finds the cause."""

    CLEAR = "clear"
    """Its rule finds the cause gone."""

    ACKNOWLEDGE = "acknowledge"
    """A person takes it on."""

    EXPIRE = "expire"
    """The acknowledgement runs out."""


_NEXT = {
    (AlertState.NORMAL, Action.RAISE): AlertState.ACTIVE_UNACKNOWLEDGED,
    (
        AlertState.ACTIVE_UNACKNOWLEDGED,
        Action.CLEAR,
    ): AlertState.CLEARED_UNACKNOWLEDGED,
    (
        AlertState.ACTIVE_UNACKNOWLEDGED,
        Action.ACKNOWLEDGE,
    ): AlertState.ACTIVE_ACKNOWLEDGED,
    (AlertState.ACTIVE_ACKNOWLEDGED, Action.CLEAR): AlertState.NORMAL,
    (
        AlertState.ACTIVE_ACKNOWLEDGED,
        Action.ACKNOWLEDGE,
    ): AlertState.ACTIVE_ACKNOWLEDGED,
    (AlertState.ACTIVE_ACKNOWLEDGED, Action.EXPIRE): AlertState.ACTIVE_UNACKNOWLEDGED,
    (
        AlertState.CLEARED_UNACKNOWLEDGED,
        Action.RAISE,
    ): AlertState.ACTIVE_UNACKNOWLEDGED,
    (AlertState.CLEARED_UNACKNOWLEDGED, Action.ACKNOWLEDGE): AlertState.NORMAL,
}

MESSAGE_EVENT = {
    Action.RAISE: "raised",
    Action.CLEAR: "cleared",
    Action.ACKNOWLEDGE: "acknowledged",
    Action.EXPIRE: "raised",
}
"""What a message calls each action; an expired acknowledgement speaks again."""


def next_state(state: AlertState, action: Action) -> AlertState | None:
    """Return the state after an action; None where the action means nothing."""
    return _NEXT.get((state, action))
