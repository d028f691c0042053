"""On-chip resonators over temperature and power, and a receiver's own ripple."""

import numpy as np
import pytest

from instruments.files import read_archive
from models.diagnosis import ResonanceFlag, ResonanceKind, ResonanceState
from models.fitting import fit_resonance


@pytest.fixture(scope="module")
def chip(reference_data):
    return read_archive(reference_data / "resonator_temperature_12.npz")


def _fit(archive, index):
    return fit_resonance(archive.axis(index), archive.s[index, 0])


@pytest.mark.parametrize(
    ("temperature_k", "f0_hz", "loaded_q", "unloaded_q"),
    [
        (0.098, 8.174990e9, 36.4e3, 131e3),
        (1.340, 8.176897e9, 20.8e3, 34.7e3),
        (2.468, 8.175411e9, 7.0e3, 8.2e3),
    ],
)
def test_known_sweeps_of_the_first_resonator(
    chip, temperature_k, f0_hz, loaded_q, unloaded_q
):
    rows = np.flatnonzero(chip.thermal_cycle == "RES-1:-30dBm")
    row = rows[np.argmin(np.abs(chip.temperature_k[rows] - temperature_k))]
    fit = _fit(chip, int(row))
    assert fit.state is ResonanceState.OK
    assert fit.kind is ResonanceKind.NOTCH
    assert fit.resonant_frequency_hz == pytest.approx(f0_hz, rel=1e-6)
    # The references are Lorentzians through dips that their own power narrows.
    assert fit.loaded_q == pytest.approx(loaded_q, rel=0.08)
    assert fit.unloaded_q == pytest.approx(unloaded_q, rel=0.16)


def test_every_power_and_temperature_tells_one_external_q(chip):
    found = {"RES-1": [], "RES-2": []}
    for row in range(0, chip.sweep_count, 12):
        fit = _fit(chip, row)
        assert fit.state is ResonanceState.OK, fit.reason
        assert fit.kind is ResonanceKind.NOTCH
        found[str(chip.cavity[row])].append(fit.coupling_q)
    for values in found.values():
        # The coupling is made of metal and gaps: it knows neither heat nor power.
        middle = np.median(values)
        assert np.abs(np.array(values) / middle - 1).max() < 0.15


def test_frequency_is_smooth_over_power(chip):
    rows = [
        [row for row in np.flatnonzero(chip.cavity == "RES-1") if warm(row)]
        for warm in (
            lambda row: chip.temperature_k[row] > 2.46,
            lambda row: 1.32 < chip.temperature_k[row] < 1.36,
        )
    ]
    for group in rows:
        frequencies = [_fit(chip, int(row)).resonant_frequency_hz for row in group]
        assert np.ptp(frequencies) / np.mean(frequencies) < 2e-6


def test_strongest_drive_tilts_the_dip(chip):
    rows = np.flatnonzero(chip.thermal_cycle == "RES-1:-10dBm")
    coldest = int(rows[np.argmin(chip.temperature_k[rows])])
    fit = _fit(chip, coldest)
    assert ResonanceFlag.DRIVEN in fit.flags
    # A superconductor's kinetic inductance softens with current.
    assert -0.1 < fit.drive_ratio < -0.03


@pytest.mark.parametrize("row", [0, 20, 41, 66, 85])
def test_ripple_of_a_receiver_is_no_resonance(reference_data, row):
    archive = read_archive(reference_data / "fridge_chain.npz")
    fit = _fit(archive, row)
    assert fit.state is ResonanceState.BAD_SHAPE
    assert fit.resonant_frequency_hz is None
