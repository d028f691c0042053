"""What lives as long as the process, made once and closed once."""

from collections.abc import Callable
from dataclasses import dataclass, field

from instruments.clock import Clock, SystemClock
from service.access.rates import Rates
from service.config import ServiceConfig
from service.live_config import LiveConfig
from service.metrics import ServiceMetrics
from service.operations.authenticating import Authenticator
from service.operations.broadcasting import Broadcaster
from service.operations.encoder_link import EncoderLink
from service.operations.identity_provider import CALLBACK, ProviderLink
from service.operations.ingest import CavityRegister, Ingest, SweepWriter
from service.operations.judging import ReferenceShelf, load_judge
from service.operations.logging_in import LoginDesk
from service.operations.panel import JudgeLoader, RegisteredPanel
from service.operations.preparing import SweepPreparer
from service.storage.disk import DiskGuard
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.writer import GroupCommitWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """Connections, counters and the model of one process.

    Attributes
    ----------
    references
        Decoded references, shared by the calls that judge.
    encoder
        Encodes long sweeps beside this process once its memory is lent to bodies.
    """

    live: LiveConfig
    clock: Clock
    database: Database
    metrics: ServiceMetrics
    ids: TimeOrderedIds
    preparer: SweepPreparer
    ingest: Ingest
    encoder: EncoderLink
    broadcaster: Broadcaster
    panel: RegisteredPanel
    authenticator: Authenticator
    rates: Rates
    desk: LoginDesk
    provider: ProviderLink | None
    references: ReferenceShelf = field(default_factory=ReferenceShelf)
    close_writer: Callable[[], None]

    @property
    def config(self) -> ServiceConfig:
        """The settings of now."""
        return self.live.current

    def close(self) -> None:
        """Store what waits and close every connection."""
        self.broadcaster.close()
        self.encoder.close()
        self.close_writer()
        self.database.close()


def make_context(
    config: ServiceConfig,
    *,
    clock: Clock | None = None,
    writer: SweepWriter | None = None,
    load: JudgeLoader = load_judge,
) -> ServiceContext:
    """Build the context of a process that serves the API.

    Parameters
    ----------
    writer
        What makes sweeps durable; the group-commit writer where None.
    load
        Loads the model.
    """
    clock = clock or SystemClock()
    metrics = ServiceMetrics()
    live = LiveConfig(config)
    metrics.settings_good.set_function(lambda: float(live.refused is None))
    database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
    ids = TimeOrderedIds(clock)
    rates = Rates(int(config.requests_per_s), config.replica_count)
    close_writer: Callable[[], None] = _nothing
    if writer is None:
        group_commit = GroupCommitWriter(
            database, metrics, clock, queue_bytes=config.queue_bytes
        )
        writer, close_writer = group_commit, group_commit.close
    return ServiceContext(
        live=live,
        clock=clock,
        database=database,
        metrics=metrics,
        ids=ids,
        preparer=SweepPreparer(clock, ids),
        ingest=Ingest(
            CavityRegister(database),
            writer,
            metrics,
            DiskGuard(database.path, config.disk_free_bytes, clock),
        ),
        encoder=EncoderLink(clock),
        broadcaster=Broadcaster(database),
        panel=RegisteredPanel(
            database, clock, home=config.home, configured=config.model, load=load
        ),
        authenticator=Authenticator(database, clock),
        rates=rates,
        desk=LoginDesk(database, clock, rates, config.session_s),
        provider=_provider_link(config, clock),
        close_writer=close_writer,
    )


def _provider_link(config: ServiceConfig, clock: Clock) -> ProviderLink | None:
    provider = config.identity_provider
    if provider is None:
        return None
    return ProviderLink(provider, config.public_url + CALLBACK, clock)


def _nothing() -> None:
    """Close nothing."""
