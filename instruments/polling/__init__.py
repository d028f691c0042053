"""The loops that measure: one worker thread and one session an instrument."""

from instruments.polling.control.port import ControlPort, ControlPortError
from instruments.polling.health import InstrumentHealth, InstrumentState
from instruments.polling.pipeline import PollingPipeline, PollingSummary
from instruments.polling.poller import Poller
from instruments.polling.sweeping.attempts import AttemptOutcome, read_attempts
from instruments.polling.tracking import ModePosition, ResonanceTracker

__all__ = [
    "AttemptOutcome",
    "ControlPort",
    "ControlPortError",
    "InstrumentHealth",
    "InstrumentState",
    "ModePosition",
    "Poller",
    "PollingPipeline",
    "PollingSummary",
    "ResonanceTracker",
    "read_attempts",
]
