"""One failure in a life, and how bad it is at any time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from instruments.simulation.failures import Failure
from instruments.simulation.life.chance import moments, uniforms

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureEvent:
    """One failure in a life.

    Attributes
    ----------
    failure
        Entry of the catalogue, its effect as it is here.
    cavities
        Who has it.
    neighbours
        For failures between two: cavity to the other one.
    where
        What a shift would name: the cavity, VNA, plate or array.
    from_s, to_s
        When it begins, and when its recovery begins, in s.
    ramp_s, recovery_s
        How long it takes to come in full, and to go, in s.
    severity
        How bad it gets, above 0 to 1.
    hit_ratio
        Part of the sweeps that show it: 1 for all, less for what comes and goes.
    """

    failure: Failure
    cavities: tuple[str, ...]
    where: str
    from_s: float
    to_s: float
    neighbours: Mapping[str, str] = field(default_factory=dict)
    ramp_s: float = 0.0
    recovery_s: float = 0.0
    severity: float = 1.0
    hit_ratio: float = 1.0

    @property
    def gone_s(self) -> float:
        """When nothing of it is left, in s."""
        return self.to_s + self.recovery_s

    def level(self, time_s: Floats, seed: int, cavity: str) -> Floats:
        """Return its severity at times in s, 0 where it is not there.

        Parameters
        ----------
        time_s
            Times in s, shape (sweep,).
        seed, cavity
            Which sweeps are hit differs between cavities.
        """
        come = np.ones(time_s.shape)
        if self.ramp_s > 0.0:
            come = np.clip((time_s - self.from_s) / self.ramp_s, 0.0, 1.0)
        left = np.where(time_s < self.to_s, 1.0, 0.0)
        if self.recovery_s > 0.0:
            left = np.clip((self.gone_s - time_s) / self.recovery_s, 0.0, 1.0)
        found = np.where(time_s >= self.from_s, self.severity * come * left, 0.0)
        if self.hit_ratio < 1.0:
            topic = f"hit/{cavity}/{self.failure.name}"
            hit = uniforms(seed, topic, moments(time_s)) < self.hit_ratio
            found = np.where(hit, found, 0.0)
        return found
