"""Writes the same sweeps with what a physicist would use today, and tells the rate.

Runs in an environment of its own (``make stores``), so it imports none of ours.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np

NAMES = ("S21", "S11", "S12", "S22")
WARM_UP = 2


def make_traces(points: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The sweeps of ``ingest_client.py``: ripple, delay, noise of 1e-4."""
    rng = np.random.default_rng(1)
    axis = np.linspace(4e9, 8e9, points)
    smooth = np.exp(1j * axis / 3e7) * (0.5 + 0.2 * np.cos(axis / 1e8))
    noise = rng.standard_normal((2, count, points))
    return axis, (smooth + 1e-4 * (noise[0] + 1j * noise[1])).astype(np.complex64)


def timed(duration_s: float, write) -> tuple[float, int]:
    """Repeat a write; returns the rate and how many were written."""
    for number in range(WARM_UP):
        write(number)
    count, started_s = 0, time.perf_counter()
    while time.perf_counter() - started_s < duration_s:
        write(WARM_UP + count)
        count += 1
    return count / (time.perf_counter() - started_s), count + WARM_UP


def folder_bytes(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def write_h5py(folder: Path, axis, traces, duration_s: float):
    """Append to an extendible dataset; flush and fsync each."""
    import h5py

    path = folder / "sweeps.h5"
    with h5py.File(path, "w", libver="latest") as file:
        shape = (0, *traces.shape)
        file["frequency_hz"] = axis
        data = file.create_dataset(
            "s", shape, "c8", maxshape=(None, *traces.shape), chunks=(1, *traces.shape)
        )
        stamps = file.create_dataset("at", (0,), "f8", maxshape=(None,), chunks=(1024,))
        handle = os.open(path, os.O_RDWR)

        def write(number: int) -> None:
            data.resize(number + 1, axis=0)
            stamps.resize(number + 1, axis=0)
            data[number], stamps[number] = traces, time.time()
            file.flush()
            os.fsync(handle)

        try:
            return timed(duration_s, write)
        finally:
            os.close(handle)


def write_qcodes(folder: Path, axis, traces, duration_s: float):
    """One dataset a sweep would be slower; one dataset, flushed after each sweep."""
    import qcodes
    from qcodes.dataset import (
        Measurement,
        initialise_or_create_database_at,
        load_or_create_experiment,
    )

    qcodes.config.logger.start_logging_on_import = "never"
    initialise_or_create_database_at(str(folder / "sweeps.db"))
    measurement = Measurement(exp=load_or_create_experiment("bench", "cavity-1"))
    measurement.register_custom_parameter("sweep", paramtype="numeric")
    measurement.register_custom_parameter("frequency_hz", paramtype="array")
    names = NAMES[: len(traces)]
    for name in names:
        measurement.register_custom_parameter(
            name, setpoints=("sweep", "frequency_hz"), paramtype="array"
        )
    with measurement.run() as saver:

        def write(number: int) -> None:
            saver.add_result(
                ("sweep", number),
                ("frequency_hz", axis),
                *((name, traces[at]) for at, name in enumerate(names)),
            )
            saver.flush_data_to_database(block=True)

        return timed(duration_s, write)


def write_tiled(folder: Path, axis, traces, duration_s: float):
    """Serve a catalogue and write each sweep as an array through its client."""
    from tiled.client import from_uri

    port = free_port()
    tiled = Path(sys.executable).with_name("tiled")
    command = [tiled, "serve", "catalog", folder / "catalog.db", "--init"]
    options = ["--write", folder / "data", "--api-key", "secret", "--port", str(port)]
    server = subprocess.Popen(
        [str(part) for part in (*command, *options)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        client = from_uri(f"http://127.0.0.1:{port}/api/v1", api_key="secret")

        def write(number: int) -> None:
            client.write_array(
                traces, key=f"s{number}", metadata={"cavity": "cavity-1"}
            )

        return timed(duration_s, write)
    finally:
        server.terminate()
        server.wait(30)


def write_influxdb(folder: Path, axis, traces, duration_s: float):
    """InfluxDB 1.6: a point a frequency, one POST a sweep."""
    port, backup_port = free_port(), free_port()
    settings = folder / "influxdb.conf"
    settings.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{backup_port}"\n'
        f'[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
        f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n'
        f'[logging]\nlevel = "error"\n'
    )
    server = subprocess.Popen(
        ["influxd", "-config", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/ping")
        post(f"{url}/query?q=CREATE+DATABASE+bench", b"")
        names = [f"{name}_{part}" for name in NAMES[: len(traces)] for part in "ri"]
        columns = np.stack([p for t in traces for p in (t.real, t.imag)]).T.tolist()
        frequencies = axis.tolist()

        def write(number: int) -> None:
            start_ns = 1_700_000_000_000_000_000 + number * 1_000_000_000
            lines = [
                f"sweep,cavity=c1 f={frequency!r},"
                + ",".join(map("{}={!r}".format, names, row))
                + f" {start_ns + at}"
                for at, (frequency, row) in enumerate(
                    zip(frequencies, columns, strict=True)
                )
            ]
            post(f"{url}/write?db=bench", "\n".join(lines).encode())

        return timed(duration_s, write)
    finally:
        server.terminate()
        server.wait(30)


def post(url: str, body: bytes) -> None:
    request = urllib.request.Request(url, data=body, method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def wait_for(url: str) -> None:
    deadline_s = time.monotonic() + 300
    while time.monotonic() < deadline_s:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"nothing answers {url}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


WRITERS = {
    "h5py": write_h5py,
    "qcodes": write_qcodes,
    "tiled": write_tiled,
    "influxdb": write_influxdb,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("store", choices=sorted(WRITERS))
    parser.add_argument("--points", type=int, default=1601)
    parser.add_argument("--traces", type=int, default=2)
    parser.add_argument("--duration-s", type=float, default=4.0)
    asked = parser.parse_args()
    axis, traces = make_traces(asked.points, asked.traces)
    folder = Path(tempfile.mkdtemp(prefix="halowatch-store-"))
    try:
        rate_per_s, count = WRITERS[asked.store](folder, axis, traces, asked.duration_s)
        size_bytes = folder_bytes(folder) / count
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report = {"rate_per_s": rate_per_s, "count": count, "bytes_a_sweep": size_bytes}
    sys.stdout.write("\n" + json.dumps(report))


if __name__ == "__main__":
    main()
