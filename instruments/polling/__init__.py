"""The loops that measure: one worker thread and one session an instrument."""
