"""What an export wrote is taken back, sweep by sweep, as it was."""

import json
from dataclasses import fields
from datetime import timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from instruments.files import open_measured_file
from instruments.measurement import InstrumentIdentity, SweepPurpose, SweepSettings
from service.cli.export import command as export
from service.cli.ingest import command as ingest


@pytest.fixture
def sweeps(make_sweep):
    start = make_sweep().measured_at
    return [
        make_sweep(
            seed,
            points=101 + 50 * (seed % 2),
            measured_at=start + timedelta(microseconds=1_000_001 * seed),
            run="run-a",
            step=str(seed),
            route="through",
            purpose=list(SweepPurpose)[seed % 3],
            conditions={"stage_temperature_k": 4.0 + seed} if seed else {},
            settings=SweepSettings(if_bandwidth_hz=300.0, averaging_count=4),
            instrument=InstrumentIdentity(vendor="V", serial="7", calibration="may"),
            flags=("late",) if seed == 3 else (),
            is_reference=seed == 0,
            idempotency_key="mine" if seed == 4 else None,
        )
        for seed in range(6)
    ]


def run(command, *arguments: object) -> dict[str, object]:
    done = CliRunner().invoke(command, [*map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_parquet_export_is_ingested_as_what_it_was(client, post, sweeps, tmp_path):
    assert post(client, *sweeps).status_code == 201
    url = client.base_url.join("/")
    path = tmp_path / "all.parquet"
    assert run(export, path, "--format", "parquet", "--url", url)["count"] == 6
    opened = open_measured_file(path)
    for index, sweep in enumerate(sweeps):
        again = opened.sweep(index, measured_at=sweep.measured_at)
        assert again.content_hash() == sweep.content_hash()
        for field in fields(sweep):
            if field.name not in ("frequency_hz", "traces"):
                assert getattr(again, field.name) == getattr(sweep, field.name)
        assert np.array_equal(again.frequency_hz, sweep.frequency_hz)
    counts = run(ingest, path, "--url", url)
    assert counts == {"accepted": 0, "duplicate": 6, "rejected": 0, "errors": []}
    arguments = [str(path), "--url", str(url), "--cavity", "bench", "--register"]
    other = CliRunner().invoke(ingest, arguments)
    assert "5 accepted, 0 duplicate, 1 rejected" in other.output
    # The one with a key of its own is known by that, whatever it is called now.
    assert "'mine' was used before" in other.stderr


def test_a_damaged_export_is_one_sentence(client, tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1" + b"\0" * 40 + b"PAR1")
    arguments = [str(path), "--url", str(client.base_url.join("/"))]
    done = CliRunner().invoke(ingest, arguments)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "x.parquet: is no readable .parquet file" in done.stderr
