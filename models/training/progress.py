"""How far a training is, for whoever waits for it."""

from collections.abc import Callable
from enum import StrEnum

Listener = Callable[[str, float], None]
"""Is called with what was done, and with the share of the whole."""


class Stage(StrEnum):
    """What a training does, in its order."""

    SWEEPS = "sweeps"
    NETWORKS = "networks"
    OPINION = "second opinion"
    READERS = "readers"
    BASELINES = "baselines"


_SHARES = {
    Stage.SWEEPS: 0.1,
    Stage.NETWORKS: 0.55,
    Stage.OPINION: 0.1,
    Stage.READERS: 0.15,
    Stage.BASELINES: 0.1,
}


class Progress:
    """Turns what is done into a share of the whole; shares are those of usual times."""

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener

    def done(self, stage: Stage) -> None:
        """Tell that a stage is done."""
        self.within(stage)(1.0)

    def within(self, stage: Stage) -> Callable[[float], None]:
        """Return what takes the share of one stage that is done."""
        stages = list(Stage)
        before = sum(_SHARES[each] for each in stages[: stages.index(stage)])

        def tell(share: float) -> None:
            if self._listener is not None:
                self._listener(stage.value, before + _SHARES[stage] * share)

        return tell
