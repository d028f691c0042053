import dataclasses

import numpy as np
import pytest

from instruments.array import ArrayConfig
from instruments.errors import ArrayConfigError
from instruments.files.archive import read_archive, write_archive
from instruments.simulation.calibration import record_calibration
from instruments.simulation.conditions import STRAY_FIELD_LIMIT_TESLA


@pytest.fixture(scope="module")
def archive(array_config):
    return record_calibration(array_config, seed=3, cycles=3, sweeps_per_cycle=40)


def test_every_cavity_has_one_reference_a_cycle(archive):
    assert archive.s.shape == (2 * 3 * 40, 3, 201)
    groups = set(zip(archive.cavity, archive.thermal_cycle, strict=True))
    assert len(groups) == 6
    for cavity, cycle in groups:
        group = (archive.cavity == cavity) & (archive.thermal_cycle == cycle)
        reference = group & archive.is_reference
        assert reference.sum() == 1
        assert archive.condition[reference] == ["healthy"]
        assert archive.temperature_k[reference] == pytest.approx(4.0, rel=0.01)
        assert archive.magnetic_field_tesla[reference] < 1e-4
        assert (np.diff(archive.measured_at[group]) > 0).all()


def test_same_seed_gives_same_bytes_and_other_seed_others(array_config):
    first, again, other = (
        record_calibration(array_config, seed=seed, cycles=2, sweeps_per_cycle=10)
        for seed in (3, 3, 4)
    )
    for field in dataclasses.fields(first):
        if field.name not in ("labels", "units", "s_parameters"):
            np.testing.assert_array_equal(
                getattr(again, field.name), getattr(first, field.name)
            )
    assert not np.array_equal(other.s, first.s)


def test_temperature_and_field_cover_their_ranges_and_are_decoupled(
    make_array_mapping,
):
    one_cavity = ArrayConfig.model_validate(make_array_mapping(1))
    archive = record_calibration(one_cavity, seed=5, cycles=8, sweeps_per_cycle=60)
    assert archive.temperature_k.min() < 3.5
    assert archive.temperature_k.max() > 200.0
    assert (archive.temperature_k < 15.0).mean() > 0.45
    assert archive.magnetic_field_tesla.max() > 0.04
    with_field = archive.magnetic_field_tesla > 0
    correlation = np.corrcoef(
        np.log(archive.temperature_k[with_field]),
        archive.magnetic_field_tesla[with_field],
    )[0, 1]
    assert abs(correlation) < 0.15


def test_conditions_come_in_contiguous_graded_episodes(archive):
    assert set(archive.condition) == {
        "healthy",
        "circulator_stray_field",
        "loose_connector",
        "amplifier_fault",
    }
    first = archive.condition[:40]
    assert (first[1:] != first[:-1]).sum() < 16
    severity = archive.labels["severity"]
    assert ((severity > 0) == (archive.condition != "healthy")).all()
    assert severity[severity > 0].std() > 0.1
    stray = archive.condition == "circulator_stray_field"
    limit = STRAY_FIELD_LIMIT_TESLA
    assert (archive.magnetic_field_tesla[stray] > 0.9 * limit).all()
    assert (archive.magnetic_field_tesla[~stray] < limit).all()


def test_matings_change_with_the_cycle_and_hardware_does_not(archive):
    references = {
        (str(archive.cavity[i]), str(archive.thermal_cycle[i])): archive.s[i, 1]
        for i in np.flatnonzero(archive.is_reference)
    }
    cycles = sorted(set(archive.thermal_cycle))

    def apart(a, b):
        level = 20 * np.log10(np.abs(a) / np.abs(b))
        return np.std(level)

    one, two = (references["cavity-1", cycle] for cycle in cycles[:2])
    neighbour = references["cavity-2", cycles[0]]
    assert 0.02 < apart(one, two) < 0.5
    assert apart(one, neighbour) > 2 * apart(one, two)


def test_archive_survives_the_file(archive, tmp_path):
    path = tmp_path / "calibration.npz"
    write_archive(path, archive)
    again = read_archive(path)
    np.testing.assert_array_equal(again.s, archive.s)
    np.testing.assert_array_equal(again.condition, archive.condition)


def test_array_without_wide_sweep_is_refused_in_one_sentence(make_array_mapping):
    mapping = make_array_mapping(1)
    mapping["sweeps"]["wide"] = {
        "purpose": "transmission",
        "s_parameters": ["S21"],
        "point_count": 201,
    }
    config = ArrayConfig.model_validate(mapping)
    with pytest.raises(ArrayConfigError, match="no sweep of purpose wide"):
        record_calibration(config, seed=1, cycles=1, sweeps_per_cycle=1)


def test_counts_below_one_are_refused(array_config):
    with pytest.raises(ValueError, match="at least 1"):
        record_calibration(array_config, seed=1, cycles=0, sweeps_per_cycle=5)
