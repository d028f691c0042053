"""The demo's model: recorded from the emulated array and trained, reproducibly."""

from pathlib import Path

from instruments.files.archive import LabelledArchive
from instruments.simulation.calibration import record_calibration
from models.training.targets import TARGETS
from models.training.train import train_model
from service.demo.fleet import ARRAY_FILE

SEED = 1
"""Of the calibration run and of the training."""

CYCLE_COUNT = 16
"""Thermal cycles of the calibration run."""

SWEEPS_PER_CYCLE = 60
"""Wide sweeps of each cavity in each of them."""


def record_run() -> LabelledArchive:
    """Record the calibration run: every cavity, several thermal cycles."""
    return record_calibration(
        ARRAY_FILE, seed=SEED, cycles=CYCLE_COUNT, sweeps_per_cycle=SWEEPS_PER_CYCLE
    )


def make_model(folder: Path) -> str:
    """Train the demo's model on the calibration run and return its version.

    The run's severities are no target: a site's own archives have none.
    """
    trained = train_model([record_run()], folder, seed=SEED, targets=TARGETS)
    return trained.model_version
