"""What the guard before every handler costs a call, in CPU time of its thread."""

import asyncio
import json
import statistics
import time
from pathlib import Path

import pytest

from instruments.clock import SystemClock
from service.access.permissions import Scope
from service.config import read_config
from service.context import make_context
from service.handlers.access import AccessGuard
from service.operations.key_keeping import create_key
from service.storage.migration import upgrade

ROOT = Path(__file__).parents[2]
CALLS = 5000
REPEATS = 7
BODY = bytes(25_616)


async def bare(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    kind = (b"content-type", b"application/json")
    await send({"type": "http.response.start", "status": 201, "headers": [kind]})
    await send({"type": "http.response.body", "body": b"{}"})


async def _receive():
    return {"type": "http.request", "body": BODY, "more_body": False}


async def _send(message):
    assert message


def _scope(token: str) -> dict:
    headers = {
        "host": "127.0.0.1:8000",
        "content-type": "application/vnd.halowatch.sweep+msgpack",
        "content-length": str(len(BODY)),
        "authorization": f"Bearer {token}",
    }
    return {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/sweeps",
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }


async def _cost_us(app, token: str) -> float:
    costs = []
    for _ in range(REPEATS):
        started_s = time.thread_time()
        for _ in range(CALLS):
            await app(_scope(token), _receive, _send)
        costs.append((time.thread_time() - started_s) / CALLS * 1e6)
    return statistics.median(costs)


@pytest.mark.benchmark
def test_the_guard_costs_little(tmp_path):
    rows = {"no guard": asyncio.run(_cost_us(bare, "none"))}
    for policy in ("open", "required"):
        config = read_config(
            {
                "HALOWATCH_HOME": str(tmp_path),
                "HALOWATCH_API_KEYS": policy,
                "HALOWATCH_REQUESTS_PER_S": "1000000",
            }
        )
        context = make_context(config)
        upgrade(context.database)
        with context.database.write() as transaction:
            _, token = create_key(
                transaction,
                name=f"daq-{policy}",
                scopes=[Scope.INGEST],
                cavities=None,
                expires_at=None,
                actor="benchmark",
                now=SystemClock().now(),
            )
        guard = AccessGuard(bare, context=context)
        rows[f"guard, {policy}"] = asyncio.run(_cost_us(guard, token))
        context.close()
    print("\n| | CPU time a call, us |\n|---|---|")
    for name, cost_us in rows.items():
        print(f"| {name} | {cost_us:.1f} |")
    (ROOT / "bench").mkdir(exist_ok=True)
    (ROOT / "bench" / "access.json").write_text(json.dumps(rows, indent=2) + "\n")
