"""A thermometer taught by one resonator of a chip, held to the other."""

import numpy as np
import pytest

from instruments.files import read_archive
from models.thermometry import (
    ResonatorThermometer,
    ThermometryState,
    fit_lines,
    observe_sweep,
)
from models.training.references import references_of

STEP = 8


@pytest.fixture(scope="module")
def chip(reference_data):
    archive = read_archive(reference_data / "resonator_temperature_12.npz")
    references = references_of(archive)
    rows = np.arange(0, archive.sweep_count, STEP)
    lines = {
        int(row): fit_lines(archive.axis(int(row)), {"S21": archive.s[row, 0]})
        for row in {*rows, *references[rows]}
    }
    observations = [observe_sweep(lines[row], lines[references[row]]) for row in rows]
    return archive, rows, references[rows], observations


@pytest.mark.parametrize(("taught", "held"), [("RES-1", "RES-2"), ("RES-2", "RES-1")])
def test_an_unseen_resonator_tells_temperature(chip, taught, held):
    archive, rows, references, observations = chip
    temperature_k, cavity = archive.temperature_k, archive.cavity[rows]
    own = np.flatnonzero(cavity == taught)
    thermometer = ResonatorThermometer.fit(
        [observations[place] for place in own],
        temperature_k[rows[own]],
        temperature_k[references[own]],
        cavity[own],
        archive.thermal_cycle[rows[own]],
    )
    other = np.flatnonzero(cavity == held)
    judged = [thermometer.judge(observations[place]) for place in other]
    truth = temperature_k[rows[other]]
    told = np.array([each.state is ThermometryState.ESTIMATED for each in judged])
    bounds = np.array([each.quantiles_k for each in judged])
    error = (bounds[:, 2] - truth)[told]
    # Taught by one resonator it must allow for much; by two it tells nearly all.
    assert told.mean() > 0.7
    assert np.median(np.abs(error)) < 0.07
    assert np.sqrt(np.mean(error**2)) < 0.25
    assert ((truth >= bounds[:, 0]) & (truth <= bounds[:, -1])).mean() > 0.85
