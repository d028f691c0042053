"""Kills a primary under load and promotes its synchronous standby: what is missing?

Every sweep that was answered with 201 by the primary must be in the promoted standby.
Before that, the standby is taken away for a while, and the primary restarted meanwhile:
nothing may be acknowledged then, not even as a duplicate.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import psycopg
from postgresql_cluster import KNOWN_BY, Cluster, free_port

from instruments.client import SweepClient, TryAgainError
from instruments.measurement import Sweep, SweepPurpose

WRITERS = 4
START = datetime(2026, 1, 31, tzinfo=UTC)
AXIS_HZ = np.linspace(4e9, 8e9, 201)


class Writer(threading.Thread):
    """Posts the same sweep until it is acknowledged, then the next one."""

    def __init__(self, number: int, url: str) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self._number = number
        self._client = SweepClient(url, timeout_s=4.0)
        self.over = threading.Event()
        self.acknowledged: dict[str, tuple[str, float, float]] = {}
        """By key: the sweep's id, and when its post began and was answered."""
        self.answers: Counter[str] = Counter()

    def run(self) -> None:
        for number in range(1_000_000):
            sweep = self._sweep(number)
            while not self.over.is_set() and not self._post(sweep):
                time.sleep(0.05)
            if self.over.is_set():
                break
        self._client.close()

    def _post(self, sweep: Sweep) -> bool:
        began_s = time.monotonic()
        try:
            (result,) = self._client.post_sweeps([sweep])
        except TryAgainError:
            self.answers["try_again"] += 1
            return False
        self.answers[result.status] += 1
        if result.sweep_id is not None:
            at_s = time.monotonic()
            self.acknowledged[sweep.key()] = (result.sweep_id, began_s, at_s)
        return result.is_stored

    def _sweep(self, number: int) -> Sweep:
        trace = np.full(201, 0.5 + 1e-6j * number, dtype=np.complex64)
        return Sweep(
            cavity="posted",
            measured_at=START + timedelta(milliseconds=number, hours=self._number),
            purpose=SweepPurpose.WIDE,
            frequency_hz=AXIS_HZ,
            traces={"S21": trace},
        )


class Trial:
    def __init__(self, folder: Path) -> None:
        place = Path(tempfile.mkdtemp(prefix="halowatch-pg-"))
        place.chmod(0o755)
        self.place = place
        self.folder = folder
        self.primary = Cluster(place / "primary")
        self.standby = Cluster(place / "standby")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.service: subprocess.Popen | None = None

    def start(self) -> None:
        self.primary.create()
        self._command("db", "upgrade")
        self.standby.copy_from(self.primary, "standby")
        self.standby.start()
        self.primary.set(synchronous_standby_names="standby")
        self._serve()
        httpx.put(
            f"{self.url}/api/v1/cavities/posted", json={}, timeout=60
        ).raise_for_status()

    @property
    def database_url(self) -> str:
        """Both servers; the driver takes the one that may be written to."""
        return (
            f"postgresql://postgres@/halowatch?host=127.0.0.1:{self.primary.port}"
            f"&host=127.0.0.1:{self.standby.port}&target_session_attrs=read-write"
        )

    def stop(self) -> None:
        if self.service is not None:
            self.service.terminate()
            try:
                self.service.wait(30)
            except subprocess.TimeoutExpired:
                self.service.kill()
                self.service.wait(30)
        for cluster in (self.primary, self.standby):
            cluster.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    def stored(self) -> dict[str, str]:
        with psycopg.connect(self.standby.url) as connection:
            return dict(connection.execute(KNOWN_BY).fetchall())

    def _serve(self) -> None:
        with (self.folder / "service.log").open("ab") as log:
            self.service = subprocess.Popen(
                [
                    *(sys.executable, "-m", "service.cli", "serve", "--no-workers"),
                    *("--port", str(self.port)),
                ],
                stdout=log,
                stderr=log,
                env=self._environment(),
            )
        deadline_s = time.monotonic() + 150
        while time.monotonic() < deadline_s:
            try:
                httpx.get(f"{self.url}/readyz", timeout=10).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError("the service never became ready")

    def _command(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "service.cli", *arguments]
        environment = self._environment() | {"HALOWATCH_DATABASE_URL": self.primary.url}
        subprocess.run(
            command, check=True, env=environment, timeout=60, stdout=sys.stderr
        )

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "HALOWATCH_HOME": str(self.folder / "home"),
            "HALOWATCH_DATABASE_URL": self.database_url,
            "HALOWATCH_LOG_LEVEL": "WARNING",
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--load", type=float, default=30.0, help="Seconds of load.")
    parser.add_argument("--away", type=float, default=90.0, help="... without standby.")
    parser.add_argument("--least", type=int, default=0, help="Sweeps before it goes.")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    # What is told to end takes its processes along.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    trial = Trial(given.folder)
    writers = []
    try:
        trial.start()
        writers = [Writer(number, trial.url) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(given.load / 2)
        # On a busy machine the first ones take longer.
        end_s = time.monotonic() + 90.0
        while time.monotonic() < end_s and given.least >= sum(
            len(writer.acknowledged) for writer in writers
        ):
            time.sleep(0.1)
        trial.standby.kill()
        away_from_s = time.monotonic()
        time.sleep(given.away / 2)
        # After its own recovery it shows what it committed, but never sent.
        trial.primary.kill()
        trial.primary.start()
        time.sleep(given.away / 2)
        away_to_s = time.monotonic()
        trial.standby.start()
        time.sleep(given.load / 2)
        trial.primary.kill()
        killed_s = time.monotonic()
        trial.standby.set(synchronous_standby_names="")
        trial.standby.promote()
        promoted_s = time.monotonic()
        while time.monotonic() < killed_s + 60 and not any(
            at_s > promoted_s
            for writer in writers
            for *_, at_s in writer.acknowledged.values()
        ):
            time.sleep(0.05)
        time.sleep(1.0)
        for writer in writers:
            writer.over.set()
        for writer in writers:
            writer.join(60)
        acknowledged = {
            key: value
            for writer in writers
            for key, value in writer.acknowledged.items()
        }
        stored = trial.stored()
        after_s = [at_s for *_, at_s in acknowledged.values() if at_s > killed_s]
        report = {
            "acknowledged_count": len(acknowledged),
            "acknowledged_by_the_primary": sum(
                at_s <= killed_s for *_, at_s in acknowledged.values()
            ),
            "acknowledged_after_promotion": len(after_s),
            # What was under way when the standby went may still have been there.
            "acknowledged_without_standby": sum(
                away_from_s < began_s and at_s < away_to_s
                for _, began_s, at_s in acknowledged.values()
            ),
            "promotion_s": round(promoted_s - killed_s, 3),
            "gap_s": round(min(after_s) - killed_s, 3) if after_s else None,
            "missing": sorted(
                key
                for key, (sweep_id, *_) in acknowledged.items()
                if stored.get(key) != sweep_id
            ),
            "answers": dict(sum((writer.answers for writer in writers), Counter())),
        }
    finally:
        for writer in writers:
            writer.over.set()
        trial.stop()
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
