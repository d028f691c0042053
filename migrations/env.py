"""Runs migrations over the connection that ``service.storage.migration`` hands in."""

from alembic import context

from service.config import read_config
from service.storage.engine import Database, Transaction
from service.storage.tables import metadata


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Leave the partitions of PostgreSQL out of the comparison with the code."""
    del parents
    return kind != "table" or not str(name).startswith("sweep_payload_")


def run(connection: Transaction) -> None:
    """Run the migrations inside of the caller's transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        include_name=is_ours,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=False,
    )
    context.run_migrations()


def run_from_environment() -> None:
    """Run them for the ``alembic`` command, on the database of the environment."""
    config = read_config()
    database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
    with database.write() as transaction:
        run(transaction)


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    run_from_environment()
