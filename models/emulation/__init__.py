"""A healthy receiver learnt from its own cycles, and what departs from it."""

from models.emulation.healthy import (
    HealthyEmulator,
    HealthySweeps,
    Settings,
    fit_emulator,
    folds_of,
    tempered,
)
from models.emulation.posterior import Posterior
from models.emulation.reading import PosteriorReader

__all__ = [
    "HealthyEmulator",
    "HealthySweeps",
    "Posterior",
    "PosteriorReader",
    "Settings",
    "fit_emulator",
    "folds_of",
    "tempered",
]
