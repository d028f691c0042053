"""Settings of the interpreter for a process that answers many small calls."""

import gc
import sys

YOUNG_OBJECTS = 20_000
"""New containers between two looks for cycles among them; a call leaves a few dozen,
and hardly one of them in a cycle."""

SWITCH_INTERVAL_S = 0.0005
"""Longest that a thread keeps the interpreter while another wants it. The writer comes
back from a sync of the disk into a busy event loop, and everybody waits for it."""


def tune_interpreter() -> None:
    """Look for cycles less often and change threads sooner; call it once all is loaded.

    What is loaded by then lives as long as the process and is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
