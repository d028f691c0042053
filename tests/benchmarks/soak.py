"""Polls an emulated array for long, with faults, and kills the poller again and again.

Then it accounts for everything: each sweep that the emulated VNAs have ended, each
attempt that the poller has written down, and each sweep that the service has stored.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import yaml
from postgresql_cluster import free_port

from instruments.polling import AttemptOutcome, read_attempts
from service.storage.packs import PackedBlob, PackFolder
from service.storage.samples import decode_samples

HERE = Path(__file__).parent
LASTING = ("vna_silent", "delay", "split_packets", "rf_off", "reference_unlocked")
PASSING = (
    "drop_mid_block",
    "garbage",
    "wrong_length",
    "wrong_endian",
    "not_a_number",
    "missing_points",
    "repeated_trace",
    "error_entry",
    "front_panel",
    "front_panel_in_sweep",
    "power_cycle",
)
FAULT_LENGTH_S = 3.0


def write_array(path: Path, vna_count: int) -> None:
    names = [str(number) for number in range(1, vna_count + 1)]
    document = {
        "schema_version": 1,
        "array": {"name": "soak"},
        "instruments": {
            "vna": {
                f"vna-{name}": {
                    "resource": "TCPIP::127.0.0.1::hislip0,0::INSTR"
                    if int(name) % 2
                    else "TCPIP::127.0.0.1::0::SOCKET",
                    "io_timeout_s": 2.0,
                }
                for name in names
            }
        },
        "sweeps": {
            "wide": {
                "purpose": "wide",
                "s_parameters": ["S21"],
                "start_frequency_hz": 4e9,
                "stop_frequency_hz": 8e9,
                "point_count": 201,
                "if_bandwidth_hz": 1000,
            }
        },
        "schedule": {"wide": {"period_s": 1.0}},
        "cavities": {
            f"cavity-{name}": {
                "vna": f"vna-{name}",
                "expected": {
                    "resonant_frequency_hz": 5e9 + 1e7 * int(name),
                    "loaded_q": 8000,
                },
            }
            for name in names
        },
    }
    path.write_text(yaml.safe_dump(document))


@dataclass
class Soak:
    folder: Path
    vna_count: int
    rng: random.Random
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    injected: Counter = field(default_factory=Counter)
    kill_count: int = 0
    control_port: int = field(default_factory=free_port)

    def write_array(self) -> None:
        write_array(self.folder / "array.yaml", self.vna_count)

    def start(self) -> None:
        self.write_array()
        emulator = self._spawn(
            "emulator",
            [
                str(HERE / "emulated_array.py"),
                str(self.folder / "array.yaml"),
                str(self.folder / "resolved.yaml"),
                *("--log", str(self.folder / "ended.jsonl")),
            ],
            stdout=subprocess.PIPE,
        )
        self.fault_port = json.loads(emulator.stdout.readline())["control_port"]
        self.url = f"http://127.0.0.1:{free_port()}"
        port = self.url.rpartition(":")[2]
        self._spawn(
            "service", ["-m", "service.cli", "serve", "--port", port, "--no-workers"]
        )
        deadline_s = time.monotonic() + 150
        while time.monotonic() < deadline_s:
            try:
                httpx.get(f"{self.url}/healthz", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        self.start_poller()

    def start_poller(self) -> None:
        self._spawn(
            "poller",
            [
                *("-m", "service.cli", "poll", str(self.folder / "resolved.yaml")),
                *("--url", self.url, "--spool", str(self.folder / "spool")),
                *("--drain", "60"),
            ],
        )

    def kill_poller(self) -> None:
        self.processes["poller"].send_signal(signal.SIGKILL)
        self.processes["poller"].wait(30)
        self.kill_count += 1
        self.start_poller()

    def inject(self) -> tuple[str, str]:
        kind = self.rng.choice((*LASTING, *PASSING))
        cavity = f"cavity-{self.rng.randint(1, self.vna_count)}"
        extra = {"delay_s": 0.5} if kind == "delay" else {}
        self.control(fault=kind, cavity=cavity, **extra)
        self.injected[kind] += 1
        return kind, cavity

    def control(self, **request) -> None:
        where = ("127.0.0.1", self.fault_port)
        with socket.create_connection(where, timeout=60) as wire:
            wire.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(wire.makefile("rb").readline())
        assert answer["ok"], answer

    def stored_count(self) -> int:
        (path,) = (self.folder / "home").glob("*.sqlite")
        with contextlib.closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        ) as database:
            return int(database.execute("SELECT count(*) FROM sweep").fetchone()[0])

    def run(
        self,
        duration_s: float,
        fault_every_s: float,
        kill_every_s: float,
        least_stored: int,
    ) -> None:
        """Go on for so long; where the machine is busy, without kills, for more."""
        began_s = time.monotonic()
        next_fault_s, next_kill_s = fault_every_s, kill_every_s
        active: list[tuple[float, str, str]] = []
        while (now_s := time.monotonic() - began_s) < duration_s or (
            now_s < 6 * duration_s and self.stored_count() < least_stored
        ):
            if now_s >= next_fault_s:
                active.append((now_s + FAULT_LENGTH_S, *self.inject()))
                next_fault_s += fault_every_s
            if next_kill_s <= now_s and next_kill_s < duration_s:
                self.kill_poller()
                next_kill_s += kill_every_s
            for over in [one for one in active if one[0] <= now_s]:
                active.remove(over)
                self.control(clear=over[1], cavity=over[2])
            time.sleep(0.05)
        self.control(clear="all")

    def stop(self) -> None:
        for name in ("poller", "service", "emulator"):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(90)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait(30)
                if process.stdout is not None:
                    process.stdout.close()

    def _spawn(self, name: str, arguments: list[str], **options) -> subprocess.Popen:
        with (self.folder / f"{name}.log").open("ab") as log:
            options.setdefault("stdout", log)
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                stderr=log,
                cwd=HERE.parents[1],
                env=os.environ | {"HALOWATCH_HOME": str(self.folder / "home")},
                **options,
            )
        return self.processes[name]


def read_stored(folder: Path) -> list[dict]:
    (path,) = (folder / "home").glob("*.sqlite")
    with sqlite3.connect(path) as database:
        rows = database.execute(
            "SELECT key, s_parameters, point_count, flags, sweep_id, pack, position, "
            "size_bytes, codec, codec_version FROM sweep "
            "JOIN sweep_payload ON sweep_id = sweep.id"
        ).fetchall()
    stored = []
    packs = PackFolder(path.with_suffix(".packs"))
    for key, names, point_count, flags, sweep_id, *place, codec, version in rows:
        payload = packs.read(sweep_id, PackedBlob(*place))
        traces = decode_samples(codec, version, payload, names.split(","), point_count)
        digest = hashlib.sha256(traces["S21"].tobytes()).hexdigest()
        stored.append({"key": key, "digest": digest, "flags": flags.strip(",")})
    packs.close()
    return stored


def read_windows(path: Path) -> dict[str, tuple[list[float], list[str]]]:
    """Return VNA to the times at which its attempts began, and their keys."""
    begun: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for line in map(json.loads, path.read_text().splitlines()):
        if "begin" in line:
            at_s = datetime.fromisoformat(line["at"]).timestamp()
            begun[line["vna"]].append((at_s, line["begin"]))
    return {
        vna: ([at_s for at_s, _ in sorted(pairs)], [key for _, key in sorted(pairs)])
        for vna, pairs in begun.items()
    }


def account(folder: Path) -> dict:
    """Find out what became of every attempt and of every sweep of the instruments."""
    attempts = read_attempts(folder / "spool" / "attempts.jsonl")
    windows = read_windows(folder / "spool" / "attempts.jsonl")
    stored = read_stored(folder)
    with sqlite3.connect(folder / "spool" / "spool.sqlite3") as spool:
        waiting = {key for (key,) in spool.execute("SELECT key FROM sweep")}
        dead = {key for (key,) in spool.execute("SELECT key FROM dead_letter")}
    by_key = Counter(one["key"] for one in stored)
    kept = {one["key"]: one for one in stored}
    ended = [json.loads(one) for one in (folder / "ended.jsonl").read_text().split("\n")
             if one]  # fmt: skip
    fates: Counter[str] = Counter()
    lost, revived = [], []
    for attempt in attempts.values():
        is_there = attempt.key in by_key
        match attempt.outcome:
            case AttemptOutcome.STORED:
                fates["stored"] += 1
                if not is_there:
                    lost.append(attempt.key)
            case None:
                fates["stored_unsaid" if is_there else "interrupted_by_kill"] += 1
            case outcome:
                fates[outcome.value] += 1
                if is_there:
                    revived.append(attempt.key)
    measured: Counter[str] = Counter()
    for one in ended:
        begun_s, keys = windows.get(one["vna"], ([], []))
        at = bisect_right(begun_s, one["at_s"]) - 1
        attempt = attempts.get(keys[at]) if at >= 0 else None
        sweep = kept.get(attempt.key) if attempt else None
        if attempt is None:
            measured["outside_of_any_attempt"] += 1
        elif sweep is None:
            why = attempt.outcome.value if attempt.outcome else "interrupted_by_kill"
            measured[why] += 1
        elif sweep["digest"] == one["digest"]:
            measured["stored"] += 1
        else:
            measured["repeated_within_a_stored_attempt"] += 1
    real = {one["digest"] for one in ended}
    # Old data that a VNA gives again carry a flag; the first of the copies is true.
    unmarked = Counter(
        one["digest"] for one in stored if "repeated_trace" not in one["flags"]
    )
    twice = [digest for digest, count in unmarked.items() if count > 1]
    return {
        "attempts": dict(fates),
        "attempt_count": len(attempts),
        "failed_by_reason": dict(
            Counter(
                one.reason
                for one in attempts.values()
                if one.outcome is AttemptOutcome.FAILED
            )
        ),
        "instrument_sweeps": dict(measured),
        "instrument_sweep_count": len(ended),
        "stored_count": len(stored),
        "flagged": dict(
            Counter(flag for one in stored for flag in one["flags"].split(",") if flag)
        ),
        "waiting_count": len(waiting),
        "dead_letter_count": len(dead),
        "lost": lost,
        "stored_though_said_otherwise": revived,
        "stored_twice": [key for key, count in by_key.items() if count > 1],
        "same_samples_twice": sorted(twice),
        "stored_without_an_attempt": [key for key in by_key if key not in attempts],
        "untrue_and_not_flagged": [
            one["key"]
            for one in stored
            if one["digest"] not in real
            and not set(one["flags"].split(",")) - {"", "late"}
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--duration", type=float, default=600.0)
    parser.add_argument("--fault-every", type=float, default=5.0)
    parser.add_argument("--kill-every", type=float, default=60.0)
    parser.add_argument("--vnas", type=int, default=18)
    parser.add_argument("--least-stored", type=int, default=0)
    parser.add_argument("--seed", type=int, default=3)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    soak = Soak(given.folder, given.vnas, random.Random(given.seed))
    try:
        soak.start()
        soak.run(
            given.duration, given.fault_every, given.kill_every, given.least_stored
        )
    finally:
        soak.stop()
    report = {
        "duration_s": given.duration,
        "vna_count": given.vnas,
        "kill_count": soak.kill_count,
        "faults_injected": dict(soak.injected),
        **account(given.folder),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
