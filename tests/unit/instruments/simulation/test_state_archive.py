from dataclasses import replace

import numpy as np
import pytest

from instruments.files import read_archive
from instruments.simulation import drawn_states
from instruments.simulation.drawn_states import StateSpan, failures_of_one
from instruments.simulation.failures import CATALOGUE
from instruments.simulation.physics.chain import (
    OperatingPoint,
    SweepSettings,
    list_constants,
    usual_receiver,
    with_constants,
)
from instruments.simulation.state_archive import SweepLayout, record_states

LAYOUT = SweepLayout(
    frequency_hz=np.linspace(4e9, 8e9, 51),
    s_parameters=("S21", "S11"),
    settings=SweepSettings(if_bandwidth_hz=10.0),
)
SPAN = StateSpan(
    temperature_k=np.array([4.0, 20.0, 250.0]),
    field_tesla=np.array([0.0, 0.0, 0.01]),
    reference_k=np.array([4.0]),
    rod_position_ratio=np.array([0.4, 0.6]),
    failures=("healthy", "loose_connector", "hemt_bias_lost", "a word of theirs"),
    base=OperatingPoint(source_power_dbm=-30.0, magnet_field_tesla=8.0),
)


def made(path, *, seed=3, cycles=6, sweeps=40, unit=None, span=SPAN):
    units = [unit or usual_receiver(has_jpa=False)] * cycles
    count = record_states(
        path, "c1", units, LAYOUT, span, seed=seed, sweeps_per_cycle=sweeps
    )
    archive = read_archive(path)
    assert count == archive.sweep_count == cycles * sweeps
    return archive


def test_states_are_drawn_around_what_is_known(tmp_path):
    archive = made(tmp_path / "a.npz")
    assert np.array_equal(archive.frequency_hz, LAYOUT.frequency_hz)
    assert archive.s_parameters == LAYOUT.s_parameters
    assert np.isfinite(archive.s).all()
    assert np.array_equal(archive.is_reference, np.arange(240) % 40 == 0)
    cold = archive.temperature_k[archive.is_reference]
    assert (np.abs(cold - 4.0) < 1.0).all()
    assert set(archive.condition[archive.is_reference]) == {"healthy"}
    assert set(archive.condition) == {"healthy", "loose_connector", "hemt_bias_lost"}
    share = np.mean(archive.condition != "healthy")
    assert 0.15 < share < 0.6
    healthy = archive.condition == "healthy"
    assert 3.0 < archive.temperature_k[healthy].min() < 3.9
    assert 260.0 < archive.temperature_k[healthy].max() < 322.0
    # Warm between the known states, too.
    assert np.ptp(np.log(archive.temperature_k[archive.temperature_k > 30.0])) > 1.0
    assert 0.01 < archive.magnetic_field_tesla[healthy].max() < 0.013
    assert (archive.labels["source_power_dbm"] == -30.0).all()
    assert np.unique(archive.thermal_cycle).size == 6


def test_a_long_name_of_a_failure_is_told_whole(tmp_path, monkeypatch):
    (loose,) = failures_of_one(("loose_connector",))
    joined = "circulator_stray_field+hemt_bias_lost+loose_connector"
    monkeypatch.setattr(
        drawn_states, "failures_of_one", lambda _: (replace(loose, name=joined),)
    )
    archive = made(tmp_path / "a.npz", cycles=1, sweeps=30)
    assert set(archive.condition) == {"healthy", joined}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        made(tmp_path / name, seed=seed, cycles=2, sweeps=8)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_each_cycle_sees_its_own_unit_and_its_own_matings(tmp_path):
    quiet = StateSpan(
        temperature_k=np.array([4.0]),
        field_tesla=np.zeros(1),
        reference_k=np.array([4.0]),
        rod_position_ratio=np.array([0.5, 0.5]),
    )
    archive = made(tmp_path / "a.npz", sweeps=2, span=quiet)
    references = archive.s[archive.is_reference]
    spread = np.abs(references - references.mean(axis=0)).max(axis=(0, 2))
    assert (spread > 1e-4).all()
    usual = usual_receiver(has_jpa=False)
    louder = with_constants(usual, {"hemt.gain_db": usual.hemt.gain_db + 6.0})
    loud = made(tmp_path / "b.npz", sweeps=2, span=quiet, unit=louder)
    ratio_db = 20 * np.log10(np.abs(loud.s[:, 0]) / np.abs(archive.s[:, 0]))
    assert np.median(ratio_db) == pytest.approx(6.0, abs=0.5)


def test_where_no_failure_is_named_all_of_one_receiver_are_drawn():
    assert len(failures_of_one(())) > 15
    assert failures_of_one(("healthy",)) == failures_of_one()
    (alone,) = failures_of_one(("loose_connector", "swapped_cables"))
    assert alone.name == "loose_connector"
    assert len(failures_of_one()) < len(CATALOGUE)


def test_a_fit_that_ended_at_a_bound_is_mated_within_its_range(tmp_path):
    usual = usual_receiver(has_jpa=False)
    name = "weak_line.connectors.0.reactance_ratio"
    (known,) = list_constants(usual, (name,))
    for bound in (known.low, known.high):
        unit = with_constants(usual, {name: bound})
        archive = made(tmp_path / "a.npz", cycles=4, sweeps=2, unit=unit)
        assert np.isfinite(archive.s).all()
