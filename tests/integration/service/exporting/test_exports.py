"""What comes out is what went in: every format, interrupted and gone on with."""

import csv
import re
from datetime import timedelta

import duckdb
import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest

from instruments.files import open_measured_file, read_archive, read_touchstone
from instruments.measurement import SweepPurpose, SweepSettings
from service.errors import ConflictError
from service.operations.exporting.exporter import Export
from service.operations.exporting.formats import FORMATS
from service.operations.exporting.manifest import MANIFEST, describe_filter
from service.operations.exporting.parts import StoredSweeps
from service.operations.exporting.tables import Subject, export_table
from service.operations.judge_tasks import Diagnoser
from service.operations.labelling import read_wanted
from service.operations.panel import Panel
from service.operations.preparing import SweepPreparer
from service.storage import tables
from service.storage.cavities import put_cavity
from service.storage.export_places import BEGINNING
from service.storage.export_queries import ExportFilter, list_export_places
from service.storage.identifiers import TimeOrderedIds
from service.storage.labels import LabelRecord, put_label
from service.storage.payloads import delete_payloads
from service.storage.readings import insert_readings
from service.storage.sweeps import insert_sweeps


@pytest.fixture
def stored(database, make_sweep, real_clock):
    """Twelve sweeps of two cavities, two lengths, two runs, and a void trace set."""
    start = make_sweep().measured_at
    sweeps = [
        make_sweep(
            seed,
            points=101 if seed < 9 else 51,
            cavity="cavity-1" if seed % 3 else "cavity-2",
            measured_at=start + timedelta(minutes=seed),
            run="run-a" if seed < 6 else "run-b",
            step=str(seed),
            conditions={"stage_temperature_k": 4.0 + seed} if seed % 2 else {},
            settings=SweepSettings(if_bandwidth_hz=300.0, source_power_dbm=-10.0),
            is_reference=seed == 0,
            purpose=SweepPurpose.WIDE if seed < 9 else SweepPurpose.TRANSMISSION,
        )
        for seed in range(12)
    ]
    preparer = SweepPreparer(real_clock, TimeOrderedIds(real_clock))
    with database.write() as transaction:
        for cavity in ("cavity-1", "cavity-2"):
            put_cavity(transaction, cavity, {}, real_clock.now())
        insert_sweeps(transaction, [preparer.prepare(sweep) for sweep in sweeps])
    return sweeps


@pytest.fixture
def judged(stored, database, real_clock):
    from models.serving.predictor import Predictor

    diagnoser = Diagnoser(
        database=database,
        clock=real_clock,
        panel=Panel.of(Predictor.without_model()),
        owner="worker",
        lease=timedelta(seconds=30),
        channels=(),
    )
    while diagnoser.run_once():
        pass
    return stored


def stored_sweeps(database, form, out, part_bytes, **wanted) -> Export:
    chosen = ExportFilter(**wanted)
    source = StoredSweeps(
        database=database, wanted=chosen, form=FORMATS[form], part_bytes=part_bytes
    )
    described = describe_filter(chosen, form)
    return Export(source=source, wanted=described, form=FORMATS[form], out=out)


@pytest.fixture
def export(database, tmp_path):
    def run(form: str, name: str, part_bytes: int = 1 << 26, **wanted: object) -> int:
        job = stored_sweeps(database, form, tmp_path / name, part_bytes, **wanted)
        return job.run(lambda count: None).sweep_count

    return run


SMALL = 6_000
"""Bytes of two sweeps or so: many parts."""


def by_time(sweeps):
    return {sweep.measured_at.timestamp(): sweep for sweep in sweeps}


@pytest.mark.parametrize("part_bytes", [SMALL, 1 << 26])
def test_parquet_holds_every_bit_in_small_row_groups(
    export, judged, tmp_path, part_bytes
):
    assert export("parquet", "all.parquet", part_bytes) == 12
    table = pq.read_table(tmp_path / "all.parquet")
    known = by_time(judged)
    for row in table.to_pylist():
        sweep = known[row["measured_at"]]
        assert row["s_parameters"] == ["S11", "S21"]
        for name, samples in zip(row["s_parameters"], row["s"], strict=True):
            trace = np.array(samples["real"]) + 1j * np.array(samples["imag"])
            assert np.array_equal(trace.astype(np.complex64), sweep.traces[name])
        assert np.array_equal(row["frequency_hz"], sweep.frequency_hz)
        assert (row["run"], row["cavity"]) == (sweep.run, sweep.cavity)
        assert dict(row["conditions"]) == sweep.conditions
        assert row["if_bandwidth_hz"] == 300.0
    assert table.schema.field("frequency_hz").metadata == {b"unit": b"Hz"}
    assert table.schema.field("source_power_dbm").metadata == {b"unit": b"dBm"}
    assert table.schema.field("diagnosed_temperature_k").metadata == {b"unit": b"K"}
    assert not (tmp_path / "all.parquet.parts").exists()


@pytest.mark.parametrize("part_bytes", [SMALL, 1 << 26])
def test_hdf5_holds_every_bit_and_each_axis_once(export, judged, tmp_path, part_bytes):
    assert export("hdf5", "all.h5", part_bytes) == 12
    known = by_time(judged)
    with h5py.File(tmp_path / "all.h5") as file:
        assert len(file["sweeps"]) == 12
        assert len(file["axes"]) == 2
        for group in file["sweeps"].values():
            sweep = known[group.attrs["measured_at"]]
            assert group["S21"].attrs["unit"] == "1"
            assert group["frequency_hz"].attrs["unit"] == "Hz"
            assert np.array_equal(group["S21"], sweep.traces["S21"])
            assert np.array_equal(group["frequency_hz"], sweep.frequency_hz)
            assert group.attrs["cavity"] == sweep.cavity


@pytest.mark.parametrize("part_bytes", [SMALL, 1 << 26])
def test_an_archive_is_read_by_our_own_reader(export, judged, tmp_path, part_bytes):
    assert export("npz", "wide.npz", part_bytes, purpose=SweepPurpose.WIDE) == 9
    archive = read_archive(tmp_path / "wide.npz")
    known = by_time(judged)
    for index in range(9):
        sweep = archive.sweep(index)
        original = known[float(archive.measured_at[index])]
        for name in ("S11", "S21"):
            assert np.array_equal(sweep.traces[name], original.traces[name])
        assert sweep.is_reference == original.is_reference
        assert sweep.thermal_cycle == original.thermal_cycle
        reading = archive.labels["condition:stage_temperature_k"][index]
        assert reading == original.conditions.get("stage_temperature_k") or (
            np.isnan(reading) and not original.conditions
        )
    assert archive.units["condition:stage_temperature_k"] == "K"
    assert open_measured_file(tmp_path / "wide.npz").sweep_count == 9


def test_one_archive_cannot_hold_two_lengths_and_says_so(export, judged, tmp_path):
    with pytest.raises(ConflictError, match="51, 101 points"):
        export("npz", "all.npz")
    assert not (tmp_path / "all.npz").exists()
    assert export("npz", "folder") == 12
    archives = [read_archive(path) for path in (tmp_path / "folder").glob("*.npz")]
    assert sorted(archive.sweep_count for archive in archives) == [3, 9]


def test_touchstone_is_a_file_a_sweep(export, judged, tmp_path):
    assert export("touchstone", "files", cavity="cavity-2") == 4
    files = sorted((tmp_path / "files").glob("*.s2p"))
    assert len(files) == 4
    traces = read_touchstone(files[0]).traces
    assert np.array_equal(traces["S21"].astype(np.complex64), judged[0].traces["S21"])


def test_csv_has_units_in_its_header_and_a_row_a_point(export, judged, tmp_path):
    assert export("csv", "all.csv", SMALL) == 12
    with (tmp_path / "all.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * (9 * 101 + 3 * 51)
    assert {"frequency_hz", "magnitude_db", "phase_rad"} <= set(rows[0])
    assert float(rows[0]["real"]) == pytest.approx(judged[0].traces["S11"][0].real)


def test_filters_narrow_by_time_cavity_run_and_condition(export, judged):
    start = judged[0].measured_at
    assert export("parquet", "a", cavity="cavity-1") == 8
    assert export("parquet", "b", run="run-b") == 6
    window = {
        "measured_from": start + timedelta(minutes=2),
        "measured_to": start + timedelta(minutes=5),
    }
    assert export("parquet", "c", **window) == 3
    assert export("parquet", "d", condition="loose_connector") == 0
    assert export("parquet", "e", run="run-a", cavity="cavity-2") == 2


@pytest.fixture
def labelled(judged, database, real_clock):
    """Labels of three people on the first six sweeps."""
    with database.write() as transaction:
        places = list_export_places(transaction, ExportFilter(), BEGINNING, 6)
        for position, (name, value) in enumerate(
            [
                ("condition", "healthy"),
                ("condition", "loose_connector"),
                ("temperature_k", 4.25),
                ("load", "QCI-0427"),
                ("gap_m", 0.5),
                ("load", None),
            ]
        ):
            label = LabelRecord(
                sweep_id=places[position].sweep_id,
                name=name,
                value=value,
                labelled_at=real_clock.now(),
                labelled_by="A. Tester",
            )
            assert put_label(transaction, label)
    return judged


def test_people_s_labels_choose_and_come_along(export, labelled, tmp_path):
    def count(name: str, *texts: str) -> int:
        return export("parquet", name, labels=read_wanted(texts))

    assert count("a", "condition") == 2
    assert count("b", "condition=loose_connector") == 1
    assert count("c", "temperature_k=4.25") == 1
    assert count("d", "load") == 1
    assert count("e", "gap_m=0.5") == 1
    assert count("f", "condition", "load") == 0
    export("parquet", "all.parquet")
    rows = pq.read_table(tmp_path / "all.parquet").to_pylist()
    assert [row["condition"] for row in rows[:3]] == [
        "healthy",
        "loose_connector",
        None,
    ]
    assert rows[2]["temperature_k"] == 4.25
    assert rows[3]["labels"] == [("load", "QCI-0427")]
    assert rows[4]["label_numbers"] == [("gap_m", 0.5)]
    assert rows[5]["labels"] == []
    assert export("csv", "all.csv", labels=read_wanted(["load"])) == 1
    assert export("hdf5", "all.h5") == 12
    with h5py.File(tmp_path / "all.h5") as file:
        groups = list(file["sweeps"].values())
        assert groups[1].attrs["condition"] == "loose_connector"
        assert groups[3].attrs["label:load"] == "QCI-0427"
        assert groups[4].attrs["label:gap_m"] == 0.5


@pytest.mark.parametrize("part_bytes", [SMALL, 1 << 26])
def test_an_archive_holds_people_s_labels_where_training_looks(
    export, labelled, tmp_path, part_bytes
):
    export("npz", "wide.npz", part_bytes, purpose=SweepPurpose.WIDE)
    archive = read_archive(tmp_path / "wide.npz")
    assert list(archive.condition[:3]) == ["healthy", "loose_connector", ""]
    assert archive.temperature_k[2] == 4.25
    assert np.isnan(archive.temperature_k[[0, 8]]).all()
    assert archive.component is None
    assert archive.labels["load"][3] == "QCI-0427"
    assert archive.labels["gap_m"][4] == 0.5
    assert archive.units["gap_m"] == "m"


def test_an_archive_with_many_readings_is_read_again(
    export, database, make_sweep, real_clock, tmp_path
):
    names = {f"stage_{number}_temperature_k": float(number) for number in range(200)}
    preparer = SweepPreparer(real_clock, TimeOrderedIds(real_clock))
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, real_clock.now())
        insert_sweeps(transaction, [preparer.prepare(make_sweep(conditions=names))])
    export("npz", "many.npz")
    archive = read_archive(tmp_path / "many.npz")
    assert archive.labels["condition:stage_199_temperature_k"] == [199.0]


class InterruptionError(Exception):
    pass


@pytest.mark.parametrize("form", ["parquet", "hdf5", "csv", "touchstone", "npz"])
def test_what_was_interrupted_goes_on_and_nothing_comes_twice(
    database, judged, tmp_path, form
):
    def job(name):
        return stored_sweeps(database, form, tmp_path / name, SMALL)

    def interrupt(count):
        if count >= 5:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        job("broken").run(interrupt)
    written = {path.name for path in (tmp_path / "broken").iterdir()}
    assert job("broken").run(lambda count: None).sweep_count == 12
    whole = job("whole").run(lambda count: None)
    names = {path.name for path in (tmp_path / "whole").iterdir()}
    assert {path.name for path in (tmp_path / "broken").iterdir()} == names
    assert written < names
    assert len(whole.files) == len(set(whole.files))


def test_a_folder_takes_what_arrived_since_even_if_measured_before(
    export, judged, database, make_sweep, real_clock
):
    assert export("parquet", "folder") == 12
    late = make_sweep(99, measured_at=judged[0].measured_at - timedelta(days=1))
    preparer = SweepPreparer(real_clock, TimeOrderedIds(real_clock))
    with database.write() as transaction:
        insert_sweeps(transaction, [preparer.prepare(late)])
    assert export("parquet", "folder") == 13


def test_a_folder_of_something_else_is_left_alone(export, judged, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    with pytest.raises(ConflictError, match="holds other files"):
        export("parquet", "mine")
    export("parquet", "a", cavity="cavity-1")
    with pytest.raises(ConflictError, match="name another folder"):
        export("parquet", "a", cavity="cavity-2")
    export("parquet", "all.parquet")
    with pytest.raises(ConflictError, match="there already"):
        export("parquet", "all.parquet")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / MANIFEST).write_text("{}")
    with pytest.raises(ConflictError, match="no manifest"):
        export("parquet", "b")


def test_the_documented_lines_of_duckdb_and_h5py_read_what_was_written(
    export, judged, tmp_path, root, monkeypatch, capsys
):
    export("parquet", "campaign", SMALL)
    export("hdf5", "campaign.h5")
    monkeypatch.chdir(tmp_path)
    page = (root / "docs" / "how-to" / "export-data.md").read_text()
    lines = re.findall(r'duckdb\.sql\(\s*"([^"]+)"', page)
    assert len(lines) >= 2
    first, *others = (duckdb.sql(line).fetchall() for line in lines)
    assert {row[0]: row[1] for row in first} == {"cavity-1": 8, "cavity-2": 4}
    assert all(others)
    exec(page.split("```python\n")[-1].split("```")[0], {})
    assert capsys.readouterr().out.count("cavity-2") == 4


@pytest.mark.parametrize("form", ["csv", "parquet", "hdf5", "npz"])
@pytest.mark.parametrize("subject", [Subject.DIAGNOSES, Subject.READINGS])
def test_diagnoses_and_readings_are_tables(database, judged, tmp_path, form, subject):
    from instruments.measurement import Reading

    start = judged[0].measured_at
    readings = [
        Reading(
            name="stage_temperature_k",
            value=4.0 + n,
            measured_at=start + timedelta(seconds=n),
            cavity="cavity-1" if n else None,
        )
        for n in range(7)
    ]
    with database.write() as transaction:
        insert_readings(transaction, readings)
    out = tmp_path / f"out.{form}"
    count = export_table(database, subject, ExportFilter(), form, out)
    assert count == (7 if subject is Subject.READINGS else 12)
    match form:
        case "parquet":
            names = pq.read_schema(out).names
            assert pq.read_metadata(out).num_rows == count
        case "csv":
            with out.open() as file:
                rows = list(csv.reader(file))
            names = rows[0]
            assert len(rows) == count + 1
        case "hdf5":
            with h5py.File(out) as file:
                names = list(file)
                assert all(len(dataset) == count for dataset in file.values())
        case _:
            with np.load(out) as file:
                names = file.files
                assert len(file["measured_at"]) == count
    expected = "value" if subject is Subject.READINGS else "temperature_k"
    assert {"measured_at", "cavity", expected} <= set(names)


def test_a_diagnosis_that_doubts_is_a_number_in_its_table(database, judged, tmp_path):
    with database.write() as transaction:
        transaction.execute(tables.diagnosis.update().values(p_value=0.25))
    out = tmp_path / "out.parquet"
    export_table(database, Subject.DIAGNOSES, ExportFilter(run="run-a"), "parquet", out)
    assert pq.read_table(out)["p_value"].to_pylist() == [0.25] * 6


def test_sweeps_whose_samples_are_gone_are_left_out(export, judged, database):
    with database.write() as transaction:
        places = list_export_places(transaction, ExportFilter(), BEGINNING, 3)
        delete_payloads(transaction, [place.sweep_id for place in places])
    assert export("parquet", "rest") == 9
