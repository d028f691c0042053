"""What the driver adds to the transport's own time, for one instrument."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from instruments.clock import SystemClock
from instruments.measurement import SweepPlan, SweepPurpose
from instruments.scpi import as_complex, decode_reals
from instruments.transport import Wire, open_wire
from instruments.vna import VectorNetworkAnalyzer

HERE = Path(__file__).parent
SPEED = 1e6
REPEATS = 200
MOST_ADDED_MS = 0.5


def plan_of(point_count: int) -> SweepPlan:
    return SweepPlan(
        cavity="cavity-1",
        purpose=SweepPurpose.WIDE,
        start_frequency_hz=4e9,
        stop_frequency_hz=8e9,
        point_count=point_count,
        s_parameters=("S21",),
        if_bandwidth_hz=1e6,
        source_power_dbm=-20.0,
    )


def median_ms(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(REPEATS):
        began_s = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began_s)
    return 1e3 * statistics.median(taken)


def measure(wire: Wire, point_count: int) -> dict[str, float]:
    """Compare a block alone, the same block decoded, and a whole repeated sweep."""
    vna = VectorNetworkAnalyzer(wire, clock=SystemClock(), time_scale=SPEED)
    vna.connect()
    plan = plan_of(point_count)
    vna.acquire(plan)
    query = "CALC30:PAR:SEL 'HALO_S21';:CALC30:DATA? SDATA"

    def transport_alone() -> object:
        return wire.query_block(query, 16 * point_count)

    def decoded() -> object:
        numbers = decode_reals(transport_alone(), 2 * point_count)
        return as_complex(numbers).astype("complex64")

    alone_ms, decoded_ms = median_ms(transport_alone), median_ms(decoded)
    sweep_ms = median_ms(lambda: vna.acquire(plan))
    vna.release()
    return {
        "point_count": point_count,
        "transport_ms": alone_ms,
        "added_ms": decoded_ms - alone_ms,
        "sweep_ms": sweep_ms,
    }


@pytest.mark.benchmark
def test_transfer_adds_little_to_the_transport(root: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, str(HERE / "vna_server.py"), str(SPEED)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        resources = json.loads(server.stdout.readline())
        rows = []
        for resource in resources:
            for point_count in (1601, 10_001):
                wire = open_wire(resource, io_timeout_s=10.0)
                front = "VXI-11" if "inst0" in resource else "SOCKET"
                front = "HiSLIP" if "hislip" in resource else front
                rows.append({"front": front, **measure(wire, point_count)})
                wire.close()
    finally:
        server.terminate()
        server.communicate(timeout=30)
    folder = root / "bench"
    folder.mkdir(exist_ok=True)
    document = {"repeats": REPEATS, "target_added_ms": MOST_ADDED_MS, "rows": rows}
    (folder / "transfer.json").write_text(json.dumps(document, indent=2) + "\n")
    titles = "".join(f"{name:>10}" for name in ("block ms", "added ms", "sweep ms"))
    print(f"\n{'transfer':<10}{'points':>8}{titles}")
    for row in rows:
        figures = "".join(
            f"{row[name]:>10.3f}" for name in ("transport_ms", "added_ms", "sweep_ms")
        )
        print(f"{row['front']:<10}{row['point_count']:>8}{figures}")
    print(f"target: at most {MOST_ADDED_MS} ms added at 10,001 points")
