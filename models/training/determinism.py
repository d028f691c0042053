"""The same seed gives the same weights on the same machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

THREAD_COUNT = 1
"""Threads of a training; sums depend on their number."""


@contextmanager
def deterministic(seed: int) -> Iterator[torch.Generator]:
    """Fix threads and algorithms for a while, and hand out a seeded generator."""
    threads = torch.get_num_threads()
    was_deterministic = torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(THREAD_COUNT)
    torch.use_deterministic_algorithms(True)
    try:
        yield torch.Generator().manual_seed(seed)
    finally:
        torch.use_deterministic_algorithms(was_deterministic)
        torch.set_num_threads(threads)
