"""The 24 failures that a shift has to tell apart."""

from instruments.simulation.failures.cavity_failures import CAVITY_FAILURES
from instruments.simulation.failures.entry import Failure
from instruments.simulation.failures.receiver_failures import RECEIVER_FAILURES
from instruments.simulation.failures.surroundings_failures import SURROUNDINGS_FAILURES

CATALOGUE: tuple[Failure, ...] = tuple(
    sorted(
        CAVITY_FAILURES + RECEIVER_FAILURES + SURROUNDINGS_FAILURES,
        key=lambda failure: failure.number,
    )
)
"""All failures, in the order of their numbers."""


def find_failure(name: str) -> Failure:
    """Return a failure by what a shift would call it.

    Raises
    ------
    KeyError
        If there is none of this name; the message lists the names.
    """
    for failure in CATALOGUE:
        if failure.name == name:
            return failure
    known = ", ".join(failure.name for failure in CATALOGUE)
    raise KeyError(f"no failure is called {name}; there are {known}")
