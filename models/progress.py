"""How far a work of several stages is, for whoever waits for it."""

from collections.abc import Callable, Mapping
from enum import StrEnum

Listener = Callable[[str, float], None]
"""Is called with what was done, and with the share of the whole."""


class Progress:
    """Turns what is done into a share of the whole.

    Parameters
    ----------
    listener
        Nobody listens where None.
    shares
        Stage to its share of the usual time, in the order of the stages; together 1.
    """

    def __init__(
        self, listener: Listener | None, shares: Mapping[StrEnum, float]
    ) -> None:
        self._listener = listener
        self._shares = dict(shares)

    def done(self, stage: StrEnum) -> None:
        """Tell that a stage is done."""
        self.within(stage)(1.0)

    def within(self, stage: StrEnum) -> Callable[[float], None]:
        """Return what takes the share of one stage that is done."""
        stages = list(self._shares)
        before = sum(self._shares[each] for each in stages[: stages.index(stage)])

        def tell(share: float) -> None:
            if self._listener is not None:
                self._listener(stage.value, before + self._shares[stage] * share)

        return tell
