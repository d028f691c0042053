"""A full disk: refused cleanly, nothing accepted is lost, taken again at once."""

import contextlib
import shutil
import subprocess

import pytest

from service.config import read_config
from service.context import make_context
from service.storage.engine import Database

MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MiB, of which 8 are taken by something else."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={24 * MIB}", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False, timeout=30)
    except OSError as error:
        pytest.skip(f"no mount: {error}")
    if done.returncode != 0:
        pytest.skip(f"no small disk here: {done.stderr.decode().strip()}")
    (place / "ballast").write_bytes(bytes(8 * MIB))
    yield place
    subprocess.run(["umount", str(place)], check=True, timeout=30)


@pytest.fixture
def context(small_disk, migrated_file, judge):
    home = small_disk / "home"
    home.mkdir()
    # The watermark would refuse before the disk does, and the disk is under test.
    environment = {"HALOWATCH_HOME": str(home), "HALOWATCH_DISK_FREE_BYTES": "1"}
    config = read_config(environment)
    shutil.copy(migrated_file, home / "halowatch.sqlite")
    with contextlib.closing(make_context(config, load=lambda model: judge)) as context:
        yield context


@pytest.fixture
def config(context):
    return context.config


def test_it_is_refused_cleanly_and_taken_again(
    client, post, make_sweep, small_disk, context
):
    accepted = []
    for seed in range(4000):
        answer = post(client, make_sweep(seed, points=4001))
        if answer.status_code != 201:
            break
        accepted += [result["sweep_id"] for result in answer.json()["results"]]
    assert answer.status_code in (503, 507), answer.text
    assert answer.headers["retry-after"].isdecimal()
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(accepted) > 20
    # It can still be read, and refuses again and again without harm.
    assert client.get("sweeps").status_code == 200
    for seed in range(5000, 5010):
        assert post(client, make_sweep(seed, points=4001)).status_code >= 500
    (small_disk / "ballast").unlink()
    for seed in range(6000, 6020):
        answer = post(client, make_sweep(seed, points=4001))
        assert answer.status_code == 201, answer.text
        accepted += [result["sweep_id"] for result in answer.json()["results"]]
    for sweep_id in accepted:
        assert client.get(f"sweeps/{sweep_id}/traces").status_code == 200
    with (
        contextlib.closing(Database(context.config.database_url)) as database,
        database.read() as transaction,
    ):
        rows = transaction.exec_driver_sql("PRAGMA integrity_check").scalars()
        assert list(rows) == ["ok"]
