"""Settings of the interpreter for a process that answers many small calls."""

import ctypes
import gc
import sys

YOUNG_OBJECTS = 20_000
"""New containers between two looks for cycles among them; a call leaves a few dozen,
and hardly one of them in a cycle."""

SWITCH_INTERVAL_S = 0.0005
"""Longest that a thread keeps the interpreter while another wants it. The writer comes
back from a sync of the disk into a busy event loop, and everybody waits for it."""


KEPT_BYTES = 64 * 1024 * 1024
"""Freed memory that is kept: to give the memory of each body back and to take it again
costs more than to copy the body."""

MAPPED_BYTES = 4 * 1024 * 1024
"""Pieces of memory from here on are given back at once."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of ``mallopt``."""


def tune_interpreter() -> None:
    """Look for cycles less often, change threads sooner, and keep freed memory.

    Call it once all is loaded.

    What is loaded by then lives as long as the process and is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _keep_memory()


def _keep_memory() -> None:
    # Where the C library has no such call, it has its own ways.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, MAPPED_BYTES)
