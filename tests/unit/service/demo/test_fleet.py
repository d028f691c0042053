"""The demo's array at any number of cavities and any speed."""

from pathlib import Path

import pytest

from instruments.array.loader import load_array
from service.demo.fleet import ARRAY_FILE, MAX_CAVITY_COUNT, build_fleet


def test_the_file_itself_is_valid() -> None:
    assert len(load_array(ARRAY_FILE).cavities) == 6


@pytest.mark.parametrize("count", [1, 2, 6, 7, MAX_CAVITY_COUNT])
def test_every_cavity_has_instruments_of_its_own(count: int, tmp_path: Path) -> None:
    fleet = build_fleet(count, 20.0, tmp_path)
    config = fleet.config
    assert len(fleet.cavities) == count
    assert len({cavity.vna for cavity in config.cavities.values()}) == count
    assert len(config.instruments.vna) == count
    watched = [s.cavity for s in config.instruments.sensor.values() if s.cavity]
    assert sorted(watched) == sorted(fleet.cavities)


def test_times_are_divided_by_the_speed(tmp_path: Path) -> None:
    lab = load_array(ARRAY_FILE)
    fast = build_fleet(6, 20.0, tmp_path).config
    for name, entry in lab.schedule.items():
        assert fast.schedule[name].period_s == pytest.approx(entry.period_s / 20)
        assert fast.schedule[name].phase_s == pytest.approx(entry.phase_s / 20)
    assert fast.spool.directory == str(tmp_path)
