"""Exports over HTTP: parts that are whole, gone on with, and only for whoever may."""

import asyncio
import io
import re
import tempfile
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from starlette.requests import Request

from instruments.files import read_archive, read_touchstone
from instruments.measurement import Reading, SweepPurpose
from service.access.permissions import Scope
from service.cli.export import command
from service.config_values import ApiKeyPolicy
from service.context import make_context
from service.errors import TooManyRequestsError, UnavailableError
from service.handlers import exports
from service.handlers.exports import ExportSlots, PartResponse
from service.operations.exporting.packing import PackedPart
from service.operations.exporting.parts import Part
from service.operations.key_keeping import create_key
from service.storage.readings import insert_readings


@pytest.fixture
def sweeps(make_sweep):
    start = make_sweep().measured_at
    return [
        make_sweep(
            seed,
            points=101 if seed < 5 else 51,
            cavity="cavity-2" if seed % 3 == 2 else "cavity-1",
            measured_at=start + timedelta(minutes=seed),
            run="run-a" if seed < 4 else "run-b",
            purpose=SweepPurpose.WIDE if seed < 5 else SweepPurpose.TRANSMISSION,
        )
        for seed in range(7)
    ]


@pytest.fixture
def stored(client, post, sweeps):
    client.put("cavities/cavity-2", json={}).raise_for_status()
    results = post(client, *sweeps).json()["results"]
    return [result["sweep_id"] for result in results]


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def parts(client, **query):
    """Follow the links from part to part."""
    answer = client.get("export", params=query)
    while True:
        assert answer.status_code in (200, 204), answer.text
        if answer.status_code == 200:
            yield answer
        if answer.headers["x-halowatch-complete"] == "true":
            return
        link = re.fullmatch('<(.*)>; rel="next"', answer.headers["link"])
        answer = client.get(client.base_url.join(link[1]))


@pytest.mark.parametrize("part_bytes", [3000, 1 << 24])
def test_the_parts_hold_every_bit_once(client, stored, sweeps, temporary, part_bytes):
    found = [
        row
        for part in parts(client, format="parquet", part_bytes=part_bytes)
        for row in pq.read_table(io.BytesIO(part.content)).to_pylist()
    ]
    assert [row["sweep_id"] for row in found] == stored
    for row, sweep in zip(found, sweeps, strict=True):
        for name, samples in zip(row["s_parameters"], row["s"], strict=True):
            trace = np.array(samples["real"]) + 1j * np.array(samples["imag"])
            assert np.array_equal(trace.astype(np.complex64), sweep.traces[name])
    assert list(temporary.iterdir()) == []


def test_every_format_tells_what_it_is(client, stored, tmp_path):
    for form, media, suffix in (
        ("csv", "text/csv", ".csv"),
        ("hdf5", "application/x-hdf5", ".h5"),
        ("npz", "application/zip", ".zip"),
        ("touchstone", "application/zip", ".zip"),
        ("parquet", "application/vnd.apache.parquet", ".parquet"),
    ):
        (part,) = parts(client, format=form)
        assert part.headers["content-type"].startswith(media)
        assert part.headers["content-disposition"].endswith(f'{suffix}"')
        assert part.headers["x-halowatch-count"] == "7"
        assert part.headers["x-halowatch-after"] == f"7_{stored[-1]}"
        (tmp_path / f"{form}{suffix}").write_bytes(part.content)
    table = pa.csv.read_csv(tmp_path / "csv.csv")
    assert table.num_rows == 2 * (5 * 101 + 2 * 51)
    with h5py.File(tmp_path / "hdf5.h5") as file:
        assert len(file["sweeps"]) == 7
    with zipfile.ZipFile(tmp_path / "npz.zip") as directory:
        archives = [read_archive(directory.read(n), n) for n in directory.namelist()]
    assert sorted(archive.sweep_count for archive in archives) == [2, 5]
    with zipfile.ZipFile(tmp_path / "touchstone.zip") as directory:
        names = directory.namelist()
        assert len(names) == 7
        assert read_touchstone(directory.read(names[0]), names[0]).traces


def test_filters_narrow_and_a_label_is_one(client, stored):
    body = {"name": "condition", "value": "loose_connector", "by": "R. Haas"}
    client.post(f"sweeps/{stored[2]}/labels", json=body)

    def ids(**query) -> list[str]:
        return [
            sweep_id
            for part in parts(client, format="parquet", **query)
            for sweep_id in pq.read_table(io.BytesIO(part.content))[
                "sweep_id"
            ].to_pylist()
        ]

    assert ids(cavity="cavity-2") == [stored[2], stored[5]]
    assert ids(run="run-b", purpose="wide") == [stored[4]]
    assert ids(label="condition=loose_connector") == [stored[2]]
    assert ids(label=["condition", "component"]) == []
    assert ids(to="2026-01-31T03:02:00Z") == stored[:2]
    assert ids(after=stored[4]) == stored[5:]
    nothing = client.get("export", params={"format": "csv", "after": stored[-1]})
    assert nothing.status_code == 204
    assert nothing.headers["x-halowatch-after"] == stored[-1]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 422),
        ({"format": "xml"}, 422),
        ({"format": "csv", "label": "Condition=x"}, 422),
        ({"format": "csv", "label": "temperature_k=warm"}, 422),
        ({"format": "csv", "after": "'; DROP"}, 422),
        ({"format": "csv", "after": "1_2_3"}, 422),
        ({"format": "csv", "after": "7_01939e4f-0000-7000-8000-000000000000"}, 409),
        ({"format": "csv", "part_bytes": 0}, 422),
        ({"format": "csv", "part_bytes": 1 << 40}, 422),
        ({"format": "csv", "what": "diagnoses", "after": "x"}, 422),
        ({"format": "csv", "from": "yesterday"}, 422),
        ({"format": "csv", "colour": "red"}, 422),
        ({"format": "touchstone", "what": "diagnoses"}, 409),
        ({"format": "csv", "what": "readings", "run": "run-a"}, 409),
        ({"format": "csv", "what": "readings", "label": "condition"}, 409),
    ],
)
def test_what_cannot_be_exported_is_said(client, query, status):
    answer = client.get("export", params=query)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_diagnoses_and_readings_come_in_parts_too(client, database, make_sweep):
    start = make_sweep().measured_at
    with database.write() as transaction:
        insert_readings(
            transaction,
            [
                Reading(
                    name="stage_temperature_k",
                    value=4.0 + number,
                    measured_at=start + timedelta(seconds=number),
                    cavity="cavity-1",
                )
                for number in range(7)
            ],
        )
    query = {"format": "parquet", "what": "readings", "part_bytes": 1024}
    values = [
        pq.read_table(io.BytesIO(part.content))["value"].to_pylist()
        for part in parts(client, **query)
    ]
    assert values == [[4.0, 5.0], [6.0, 7.0], [8.0, 9.0], [10.0]]
    (part,) = parts(client, format="npz", what="readings")
    assert part.headers["content-type"] == "application/octet-stream"
    assert client.get("export", params=query | {"what": "diagnoses"}).status_code == 204


def test_a_service_is_exported_from_afar_as_from_its_database(
    client, post, stored, sweeps, make_sweep, tmp_path
):
    def run(name: str, form: str, *options: str):
        arguments = [str(tmp_path / name), "--format", form, "--json", *options]
        url = ["--url", str(client.base_url.join("/"))]
        return CliRunner().invoke(command, [*arguments, *url])

    done = run("all.parquet", "parquet")
    assert done.exit_code == 0, done.output
    assert pq.read_table(tmp_path / "all.parquet")["sweep_id"].to_pylist() == stored
    assert run("wide.npz", "npz", "--purpose", "wide").exit_code == 0
    archive = read_archive(tmp_path / "wide.npz")
    assert np.array_equal(archive.sweep(0).traces["S21"], sweeps[0].traces["S21"])
    assert run("folder", "touchstone", "--cavity", "cavity-2").exit_code == 0
    assert len(list((tmp_path / "folder").glob("*.s2p"))) == 2
    late = make_sweep(77, cavity="cavity-2")
    post(client, late)
    assert run("folder", "touchstone", "--cavity", "cavity-2").exit_code == 0
    assert len(list((tmp_path / "folder").glob("*.s2p"))) == 3
    refused = run("folder", "csv")
    assert refused.exit_code == 2
    assert "name another folder" in refused.stderr
    empty = run("none.csv", "csv", "--what", "diagnoses")
    assert empty.exit_code == 0
    assert not (tmp_path / "none.csv").exists()


def test_a_key_takes_out_what_it_may_read(config, database, judge, running, make_sweep):
    del database
    config = replace(config, api_keys=ApiKeyPolicy.REQUIRED)
    context = make_context(config, load=lambda model: judge)
    keys = {}
    with context.database.write() as transaction:
        for name, scope, cavities in (
            ("in", Scope.INGEST, None),
            ("one", Scope.READ, ["cavity-1"]),
            ("all", Scope.READ, None),
        ):
            _, token = create_key(
                transaction,
                name=name,
                scopes=[scope],
                cavities=cavities,
                expires_at=None,
                actor="test",
                now=context.clock.now(),
            )
            keys[name] = {"authorization": f"Bearer {token}"}
    url = "export?format=csv"
    with running(context, config) as client:
        assert client.get(url).status_code == 401
        assert client.get(url, headers=keys["in"]).status_code == 403
        assert client.get(url, headers=keys["one"]).status_code == 403
        other = client.get(f"{url}&cavity=cavity-2", headers=keys["one"])
        assert other.status_code == 403
        both = client.get(f"{url}&cavity=cavity-1&cavity=cavity-2", headers=keys["one"])
        assert both.status_code == 403
        for kind in ("sweeps", "diagnoses", "readings"):
            mine = f"{url}&cavity=cavity-1&what={kind}"
            assert client.get(mine, headers=keys["one"]).status_code == 204
        assert client.get(url, headers=keys["all"]).status_code == 204
    context.close()


def test_slots_are_few_for_one_caller_and_for_all():
    slots = ExportSlots()
    first, _ = slots.take("a"), slots.take("a")
    with pytest.raises(TooManyRequestsError, match="2 parts"):
        slots.take("a")
    slots.take("b")
    slots.take("b")
    with pytest.raises(UnavailableError, match="4 exports"):
        slots.take("c")
    first()
    slots.take("c")


def test_who_does_not_fetch_a_part_loses_it_and_the_slot_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "SENDING_S", 0.2)
    path = tmp_path / "sweeps.csv"
    path.write_bytes(b"x" * 100)
    packed = PackedPart(
        part=Part(files=[path.name], count=1, last_id="a", is_last=True),
        content=path.open("rb"),
        size_bytes=100,
        name=path.name,
    )
    given_back = []
    scope = {"type": "http", "path": "/", "query_string": b"", "headers": []}
    response = PartResponse(
        Request(scope), packed, "text/csv", lambda: given_back.append(True)
    )

    async def wait(*_: object) -> dict[str, str]:
        await asyncio.Event().wait()
        return {}

    asyncio.run(response(scope, wait, wait))
    assert given_back == [True]
    assert packed.content.closed
