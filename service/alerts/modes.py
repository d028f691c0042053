"""The rule over the track of a mode: it is not where its tuner puts it. Pure."""

MODE_LOST = "mode_lost"
"""Name of the rule that a lost track fulfils."""


def explain_mode(reason: str | None, expected_frequency_hz: float) -> str:
    """Say in one sentence where the mode should be, and what was found."""
    found = reason or "the mode is followed again"
    return f"{found}; it should be at {expected_frequency_hz / 1e9:.6f} GHz"
