import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from instruments.files import LabelledArchive
from models.training.recipe import Recipe
from models.training.report import TrainingReport
from models.training.train import train_model

TRACES = ("S21", "S23", "S11")


def receiver(frequency_hz, temperature_k, field_tesla, fault, hardware, rng):
    """Three traces of a made-up receiver, shape (trace, point).

    Cables lose more and grow shorter when warm, a field moves a broad dip, a loose
    connector adds a ripple; a narrow mode stands at 5.1 GHz.
    """
    x = frequency_hz / 1e9
    warm = (temperature_k / 300.0) ** 0.8
    delay_s = hardware[0] * (1.0 - 2e-3 * warm)
    loss = np.exp(-(0.5 + 0.8 * warm) * np.sqrt(x / 6.0))
    line = loss * np.exp(-2j * np.pi * frequency_hz * delay_s)
    ripple = 1 + 0.05 * np.exp(1j * (2 * np.pi * x * hardware[1] + hardware[2]))
    dip = 1 - 0.3 / (1 + 1j * (x - 6.0 - 0.01 * field_tesla * 1e3) / 0.5)
    if fault == "loose_connector":
        ripple = ripple * 0.8 * (1 + 0.2 * np.exp(2j * np.pi * x * 3.7))
    mode = 1 / (1 + 2j * 5000 * (frequency_hz - 5.1e9) / 5.1e9)
    gain = 1 + 0.002 * rng.normal()
    traces = [
        gain * line * dip * (0.02 * ripple + mode),
        gain * line * dip * ripple * (1 - mode),
        0.3 * ripple * line,
    ]
    noise = rng.normal(size=(2, 3, x.size)) * np.array([1e-4, 1e-3, 3e-4])[:, None]
    return np.stack(traces) + noise[0] + 1j * noise[1]


def make_archive(seed=0, *, cycles=6, sweeps=30, points=401, start_cycle=0):
    """A labelled archive of the made-up receiver; its first sweeps are references."""
    frequency_hz = np.linspace(4e9, 8e9, points)
    rows = {name: [] for name in ("s", "t", "b", "cavity", "cycle", "condition")}
    for cycle in range(start_cycle, start_cycle + cycles):
        for cavity in ("one", "two"):
            rng = np.random.default_rng([seed, cycle, len(cavity), ord(cavity[0])])
            hardware = (30e-9, 1.3, rng.uniform(0, 6))
            for sweep in range(sweeps):
                condition = "healthy" if sweep % 3 else "loose_connector"
                temperature_k = 4.0 * 60 ** rng.uniform()
                field_tesla = rng.uniform(0, 0.03)
                if sweep == 0:
                    condition, temperature_k, field_tesla = "healthy", 4.0, 0.0
                rows["s"].append(
                    receiver(
                        frequency_hz,
                        temperature_k,
                        field_tesla,
                        condition,
                        hardware,
                        rng,
                    )
                )
                rows["t"].append(temperature_k)
                rows["b"].append(field_tesla)
                rows["cavity"].append(cavity)
                rows["cycle"].append(f"cycle-{cycle}")
                rows["condition"].append(condition)
    count = len(rows["t"])
    return LabelledArchive(
        frequency_hz=frequency_hz,
        s=np.array(rows["s"], dtype=np.complex64),
        s_parameters=TRACES,
        cavity=np.array(rows["cavity"]),
        thermal_cycle=np.array(rows["cycle"]),
        measured_at=1.7e9 + 600.0 * np.arange(count, dtype=np.float64),
        is_reference=np.arange(count) % sweeps == 0,
        temperature_k=np.array(rows["t"]),
        magnetic_field_tesla=np.array(rows["b"]),
        condition=np.array(rows["condition"]),
        component=np.array(rows["cavity"]),
    )


@pytest.fixture(scope="session")
def archive_maker():
    return make_archive


@pytest.fixture(scope="session")
def archive() -> LabelledArchive:
    return make_archive()


@pytest.fixture(scope="session")
def new_cycles() -> LabelledArchive:
    """Cycles that no training has seen."""
    return make_archive(start_cycle=100, cycles=2)


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return Recipe(
        ratio_components=12, level_components=3, width=48, epochs=30, least_steps=400
    )


@pytest.fixture(scope="session")
def report(archive, recipe, made_once) -> TrainingReport:
    def train(folder: Path) -> None:
        trained = train_model([archive], folder / "model", seed=3, recipe=recipe)
        (folder / "training.json").write_text(json.dumps(asdict(trained)))

    folder = made_once("model-of-the-made-up-receiver", train)
    record = json.loads((folder / "training.json").read_text())
    tuples = {name: tuple(record[name]) for name in ("trained", "warnings")}
    return TrainingReport(**record | tuples)


@pytest.fixture(scope="session")
def model_folder(report) -> Path:
    return Path(report.folder)


@pytest.fixture
def without(archive):
    """Make the archive with some fields replaced."""

    def _without(**fields):
        return replace(archive, **fields)

    return _without
