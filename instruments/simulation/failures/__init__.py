"""Failures as pure changes of a receiver's hardware, state or sweep."""

from instruments.simulation.failures.catalogue import CATALOGUE, find_failure
from instruments.simulation.failures.entry import Desk, Effect, Failure, Onset, Scope
from instruments.simulation.failures.situation import (
    Situation,
    Vibration,
    observe,
    respond,
)

__all__ = [
    "CATALOGUE",
    "Desk",
    "Effect",
    "Failure",
    "Onset",
    "Scope",
    "Situation",
    "Vibration",
    "find_failure",
    "observe",
    "respond",
]
