import json
from datetime import datetime

import numpy as np
import pytest

from instruments.array import ArrayConfig
from instruments.files.archive import read_archive
from instruments.simulation.failures import CATALOGUE
from instruments.simulation.life_archive import BLOCK_SWEEPS, record_archive
from instruments.simulation.scenarios import find_scenario


@pytest.fixture
def small_config(make_array_mapping):
    mapping = make_array_mapping(2)
    mapping["sweeps"]["wide"]["point_count"] = 51
    return ArrayConfig.model_validate(mapping)


def make(path, config, **changes):
    settings = {"seed": 3, "cycles": 2, "sweeps_per_cycle": 40}
    recorded = record_archive(path, config, **(settings | changes))
    return recorded, read_archive(path)


def test_drawn_archive_has_labels_and_one_reference_a_cycle(small_config, tmp_path):
    recorded, archive = make(tmp_path / "a.npz", small_config)
    assert recorded.sweep_count == archive.sweep_count == 2 * 2 * 40
    for cavity, cycle in set(zip(archive.cavity, archive.thermal_cycle, strict=True)):
        group = (archive.cavity == cavity) & (archive.thermal_cycle == cycle)
        reference = group & archive.is_reference
        assert reference.sum() == 1
        assert archive.condition[reference] == ["healthy"]
        assert archive.temperature_k[reference] < 0.3
        assert (np.diff(archive.measured_at[group]) > 0).all()
    assert archive.temperature_k.max() > 200.0
    names = {failure.name for failure in CATALOGUE}
    assert set(archive.condition) <= names | {"healthy"}
    assert len(set(archive.condition)) > 5
    severity = archive.labels["severity"]
    assert ((severity > 0) == (archive.condition != "healthy")).all()
    assert set(archive.units) <= set(archive.labels)
    assert len(set(archive.component)) >= 2


def test_same_seed_gives_same_bytes_and_another_others(small_config, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        make(tmp_path / f"{name}.npz", small_config, seed=seed, sweeps_per_cycle=10)
    for ending in (".npz", ".truth.jsonl"):
        a, b, c = ((tmp_path / f"{name}{ending}").read_bytes() for name in "abc")
        assert a == b != c


def test_a_scenario_is_played_once_a_cycle_and_its_truth_fits_the_labels(
    small_config, tmp_path
):
    recorded, archive = make(
        tmp_path / "a.npz", small_config, scenario=find_scenario("hemt bias tripped")
    )
    assert recorded.failure_count == 2 * 2
    lines = recorded.truth_path.read_text().splitlines()
    truth = [json.loads(line) for line in lines]
    ill = np.zeros(archive.sweep_count, dtype=bool)
    for one in truth:
        begin, end = (
            datetime.fromisoformat(one[name]).timestamp() for name in ("from", "to")
        )
        during = (archive.measured_at >= begin) & (archive.measured_at < end)
        ill |= during & np.isin(archive.cavity, one["cavities"])
    assert ((archive.condition == "hemt_bias_lost") == ill).all()
    assert ill.any()
    assert set(archive.cavity[ill]) == {"cavity-1"}


def test_a_quiet_week_holds_no_failure(small_config, tmp_path):
    recorded, archive = make(
        tmp_path / "a.npz",
        small_config,
        cycles=1,
        scenario=find_scenario("a-quiet-week"),
    )
    assert recorded.failure_count == 0
    assert set(archive.condition) == {"healthy"}
    assert archive.is_reference.sum() == 2
    assert recorded.truth_path.read_text().count("intervention") == 3


def test_more_sweeps_than_one_block_and_than_planned(small_config, tmp_path):
    count = BLOCK_SWEEPS + 9
    _, archive = make(
        tmp_path / "a.npz",
        small_config,
        cycles=1,
        sweeps_per_cycle=count,
        scenario=find_scenario("a-quiet-week"),
    )
    assert archive.sweep_count == 2 * count
    own = archive.measured_at[archive.cavity == "cavity-1"]
    assert (np.diff(own) > 0).all()
    assert archive.is_reference.sum() == 2
