"""Kills poller, API replicas, workers and PostgreSQL in random order; then accounts.

Every sweep that the poller put into its spool, and every one that a replica answered
201 for, must be stored once and judged once.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from chaos_poster import Poster
from postgresql_cluster import KNOWN_BY, Cluster, free_port
from soak import write_array

from instruments.polling import AttemptOutcome, read_attempts

HERE = Path(__file__).parent
RESTART_PAUSE_S = 0.3


@dataclass
class Site:
    """Everything that a site runs, started again when it ends."""

    folder: Path
    vna_count: int
    rng: random.Random
    place: Path
    commands: dict[str, list[str]] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    kills: Counter = field(default_factory=Counter)

    def start(self) -> None:
        self.cluster = Cluster(self.place / "data")
        self.cluster.create()
        self.run("db", "upgrade")
        write_array(self.folder / "array.yaml", self.vna_count)
        self.emulator = self._spawn(
            [
                str(HERE / "emulated_array.py"),
                str(self.folder / "array.yaml"),
                str(self.folder / "resolved.yaml"),
            ],
            "emulator",
            stdout=subprocess.PIPE,
        )
        self.emulator.stdout.readline()
        self.ports = [free_port(), free_port()]
        command = ["-m", "service.cli"]
        for number, port in enumerate(self.ports, start=1):
            serve = [*command, "serve", "--no-workers", "--port", str(port)]
            self.commands[f"api-{number}"] = serve
        for number in (1, 2):
            self.commands[f"diagnoser-{number}"] = [*command, "worker", "diagnose"]
        self.commands["alerter"] = [*command, "worker", "alert"]
        self.commands["poller"] = [
            *(*command, "poll", str(self.folder / "resolved.yaml")),
            *("--url", self.url(1), "--spool", str(self.folder / "spool")),
            *("--drain", "90"),
        ]
        self.keep_alive()
        for number in (1, 2):
            self._wait_for(number)
        httpx.put(
            f"{self.url(1)}/api/v1/cavities/posted", json={}, timeout=60
        ).raise_for_status()

    def url(self, number: int) -> str:
        return f"http://127.0.0.1:{self.ports[number - 1]}"

    def run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "service.cli", *arguments]
        subprocess.run(command, check=True, env=self._environment(), timeout=60)

    def keep_alive(self) -> None:
        """Start whatever is not running, as systemd or compose would."""
        for name, command in self.commands.items():
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                self.processes[name] = self._spawn(command, name)

    def kill(self, name: str) -> None:
        self.kills[name] += 1
        if name == "postgresql":
            self.cluster.kill()
            time.sleep(RESTART_PAUSE_S)
            self.cluster.start()
        elif name == "session":
            self.cluster.kill_backend()
        else:
            self.processes[name].send_signal(signal.SIGKILL)
            self.processes[name].wait(30)

    def rage(
        self, duration_s: float, kill_every_s: float, is_enough: Callable[[], bool]
    ) -> None:
        """Kill for so long; on a busy machine until it is enough, up to four times."""
        victims: list[str] = []
        began_s = time.monotonic()
        next_kill_s = began_s + kill_every_s
        while (went_s := time.monotonic() - began_s) < duration_s or (
            went_s < 4 * duration_s and not is_enough()
        ):
            self.keep_alive()
            if time.monotonic() >= next_kill_s:
                if not victims:
                    victims = [*self.commands, "postgresql", "session"]
                    self.rng.shuffle(victims)
                self.kill(victims.pop())
                next_kill_s += kill_every_s
            time.sleep(0.1)

    def settle(self, deadline_s: float) -> None:
        """Let the poller drain its spool, and the workers end their backlog.

        Each step has a deadline of its own: on a busy machine one may take two minutes.
        """
        self.keep_alive()
        self._wait_for(1)
        poller, command = self.processes.pop("poller"), self.commands.pop("poller")
        poller.send_signal(signal.SIGTERM)
        poller.wait(deadline_s)
        # It may have been told to end before it knew the signal: a last one drains.
        with (self.folder / "poller.log").open("ab") as log:
            subprocess.run(
                [sys.executable, *command, "--duration", "1"],
                stdout=log,
                stderr=log,
                env=self._environment(),
                timeout=deadline_s,
                check=True,
            )
        end_s = time.monotonic() + deadline_s
        while time.monotonic() < end_s:
            self.keep_alive()
            if not self.query("SELECT count(*) FROM task WHERE kind = 'diagnose'")[0][
                0
            ]:
                return
            time.sleep(0.2)

    def query(self, statement: str) -> list[tuple]:
        with psycopg.connect(self.cluster.url) as connection:
            return connection.execute(statement).fetchall()

    def stop(self) -> None:
        processes = [*self.processes.values(), self.emulator]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(30)
        self.emulator.stdout.close()
        self.cluster.remove()

    def _wait_for(self, number: int) -> None:
        deadline_s = time.monotonic() + 150
        while time.monotonic() < deadline_s:
            self.keep_alive()
            try:
                httpx.get(f"{self.url(number)}/readyz", timeout=10).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"replica {number} never became ready")

    def _spawn(self, arguments: Sequence[str], name: str, **options):
        with (self.folder / f"{name}.log").open("ab") as log:
            options.setdefault("stdout", log)
            return subprocess.Popen(
                [sys.executable, *arguments],
                stderr=log,
                cwd=HERE.parents[1],
                env=self._environment(),
                **options,
            )

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "HALOWATCH_HOME": str(self.folder / "home"),
            "HALOWATCH_DATABASE_URL": self.cluster.url,
            "HALOWATCH_LEASE_S": "5",
            "HALOWATCH_LOG_LEVEL": "WARNING",
            "OMP_NUM_THREADS": "1",
        }


def account(site: Site, poster: Poster) -> dict:
    """Compare what was acknowledged with what is stored and judged."""
    stored = dict(site.query(KNOWN_BY))
    judged = Counter(row[0] for row in site.query("SELECT sweep_id FROM diagnosis"))
    told = Counter(
        (kind, json.loads(body)["sweep_id"])
        for kind, body in site.query(
            "SELECT kind, body FROM event WHERE kind IN ('sweep', 'diagnosis')"
        )
    )
    payloads = {row[0] for row in site.query("SELECT sweep_id FROM sweep_payload")}
    attempts = read_attempts(site.folder / "spool" / "attempts.jsonl")
    spooled = {
        attempt.key
        for attempt in attempts.values()
        if attempt.outcome is AttemptOutcome.STORED
    }
    ids = set(stored.values())
    acknowledged = poster.acknowledged
    return {
        "attempt_count": len(attempts),
        "spooled_count": len(spooled),
        "posted_count": len(acknowledged),
        "posted_answers": dict(poster.answers),
        "stored_count": len(stored),
        "judged_count": len(judged),
        "lost_of_the_spool": sorted(spooled - stored.keys()),
        "lost_of_the_posted": sorted(
            key for key, name in acknowledged.items() if stored.get(key) != name
        ),
        "answered_with_another_id": poster.changed_ids,
        "without_samples": sorted(ids - payloads),
        "not_judged": sorted(ids - judged.keys()),
        "judged_twice": sorted(name for name, n in judged.items() if n > 1),
        "told_wrongly": sorted(
            name
            for name in ids
            if told["sweep", name] != 1 or told["diagnosis", name] != 1
        ),
        "tasks_left": site.query("SELECT count(*) FROM task WHERE kind = 'diagnose'")[
            0
        ][0],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--duration", type=float, default=600.0)
    parser.add_argument("--kill-every", type=float, default=3.0)
    parser.add_argument("--vnas", type=int, default=18)
    parser.add_argument("--least-kills", type=int, default=0)
    parser.add_argument("--least-posted", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=3)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    # What is told to end takes its processes along.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # The server's own user must reach its folder.
    place = Path(tempfile.mkdtemp(prefix="halowatch-pg-"))
    place.chmod(0o755)
    site = Site(given.folder, given.vnas, random.Random(given.seed), place)
    try:
        site.start()
        poster = Poster(site.url(2), given.seed)
        poster.start()
        site.rage(
            given.duration,
            given.kill_every,
            lambda: (
                site.kills.total() >= given.least_kills
                and len(poster.acknowledged) > given.least_posted
            ),
        )
        poster.over.set()
        # Workers that are killed spend most of their time on starting.
        site.settle(deadline_s=max(150.0, given.duration))
        poster.join(90)
        report = {
            "duration_s": given.duration,
            "kills": dict(site.kills),
            "poster_ended": not poster.is_alive(),
            **account(site, poster),
        }
    finally:
        site.stop()
        shutil.rmtree(place, ignore_errors=True)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
