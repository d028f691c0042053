"""One uvicorn worker for the ingest benchmark, with or without storage."""

import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from instruments.clock import SystemClock
from service.config import read_config
from service.context import make_context
from service.handlers.connections import GuardedConnection
from service.interpreter import tune_interpreter
from service.main import create_app
from service.storage.cavities import put_cavity
from service.storage.engine import Database
from service.storage.migration import upgrade
from service.storage.records import NewSweep, Outcome, Written
from service.storage.writer import Settle


class NullWriter:
    """Calls every sweep accepted and stores nothing: the yardstick."""

    def submit(self, sweeps: Sequence[NewSweep], settle: Settle) -> None:
        settle([Written(outcome=Outcome.ACCEPTED, sweep_id=s.sweep_id) for s in sweeps])


def main() -> None:
    home, port, storage = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    environment = {"HALOWATCH_HOME": str(Path(home).absolute())}
    if len(sys.argv) > 4 and sys.argv[4]:
        environment["HALOWATCH_DATABASE_URL"] = sys.argv[4]
    config = read_config(environment)
    clock = SystemClock()
    database = Database(config.database_url)
    upgrade(database)
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, clock.now())
    database.close()
    writer = None if storage == "durable" else NullWriter()
    context = make_context(config, writer=writer)
    app = create_app(config, context=context)
    GuardedConnection.lender = context.encoder
    tune_interpreter()
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http=GuardedConnection,
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
    )


main()
