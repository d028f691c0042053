"""A writer that is killed in the middle leaves every acknowledged sweep whole."""

import subprocess
import sys
from pathlib import Path

from service.storage.cavities import put_cavity
from service.storage.integrity import check_integrity
from service.storage.sweep_queries import get_sweep, load_sweep

KILLS = 3
SWEEPS_BEFORE_A_KILL = 20


def test_what_was_acknowledged_is_whole_after_kill_9(
    database, config, real_clock, tmp_path
):
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, real_clock.now())
    acknowledged: dict[str, str] = {}
    for seed in range(KILLS):
        acknowledged |= _store_and_kill(config.database_url, seed)
    assert len(acknowledged) >= KILLS * SWEEPS_BEFORE_A_KILL
    with database.read() as transaction:
        assert check_integrity(transaction) == []
        for sweep_id, content_hash in acknowledged.items():
            record = get_sweep(transaction, sweep_id)
            assert record is not None
            assert load_sweep(transaction, record).content_hash() == content_hash


def _store_and_kill(url: str, seed: int) -> dict[str, str]:
    script = Path(__file__).with_name("storing.py")
    command = [sys.executable, str(script), url, str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(SWEEPS_BEFORE_A_KILL)]
        writer.kill()
        lines += writer.stdout.readlines()
    # The last line may have been cut short by the kill.
    pairs = [line.split() for line in lines if line.endswith("\n")]
    return dict(pairs)
