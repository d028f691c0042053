"""Who judges: the live models and their shadows, swapped whole when the register moves.

A worker asks for the panel before every batch. When the register has changed, the new
models are loaded and warmed up in a thread of their own, while the old panel goes on
judging; then one assignment puts the new panel in its place.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

import structlog

from instruments.clock import Clock
from instruments.measurement import SweepPurpose
from service.errors import ServiceError
from service.operations.judging import Judge
from service.operations.model_adoption import adopt_configured
from service.operations.model_folders import fetch_folder
from service.operations.model_register import read_history
from service.storage.engine import Database
from service.storage.model_records import EVERY_CAVITY
from service.storage.models import newest_model_transition
from service.storage.sweep_queries import SweepFilter, list_sweeps, load_sweep

JudgeLoader = Callable[[Path | None], Judge]
"""Loads a model folder, or the judge without one."""

RETRY_S = 30.0
"""Pause in seconds before a model that could not be loaded is tried again."""

WARM_UP_COUNT = 3
"""Sweeps that a fresh model judges before it takes over."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Judges by scope; what it says does not change during a batch.

    Attributes
    ----------
    live
        Scope to its judge; the scope of every cavity is always there.
    shadows
        Pairs of scope and judge.
    """

    live: Mapping[str, Judge]
    shadows: tuple[tuple[str, Judge], ...] = ()

    @classmethod
    def of(cls, judge: Judge) -> Self:
        """Return a panel on which one judge sits alone."""
        return cls(live={EVERY_CAVITY: judge})

    def current(self) -> Self:
        """Return itself: a panel is a source of panels that never changes."""
        return self

    def live_for(self, cavity: str) -> Judge:
        """Return whose judgement on a cavity counts."""
        return self.live.get(cavity) or self.live[EVERY_CAVITY]

    def shadows_for(self, cavity: str) -> list[Judge]:
        """Return who judges a cavity beside the live one, once a version."""
        live = self.live_for(cavity).model_version
        found = {
            judge.model_version: judge
            for scope, judge in self.shadows
            if scope in (EVERY_CAVITY, cavity) and judge.model_version != live
        }
        return list(found.values())


class PanelSource(Protocol):
    """What hands out the panel of the moment."""

    def current(self) -> Panel:
        """Return who judges now."""
        ...


@dataclass(slots=True)
class _Loaded:
    """What the thread that loads leaves behind."""

    transition_id: int = -1
    panel: Panel | None = None
    judges: dict[str, Judge] = field(default_factory=dict)


class RegisteredPanel:
    """The panel that the register asks for.

    Parameters
    ----------
    home
        Folder under which registered models are laid out for loading.
    configured
        Folder that is made live on a register that was never used.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        home: Path,
        configured: Path | None,
        load: JudgeLoader,
    ) -> None:
        self._database = database
        self._clock = clock
        self._home = home
        self._configured = configured
        self._load = load
        self._lock = threading.Lock()
        self._loaded = _Loaded()
        self._under_way: threading.Thread | None = None
        self._retry_at_s = 0.0

    def current(self) -> Panel:
        """Return who judges now; the first call loads, later ones never wait.

        Raises
        ------
        ModelUnavailableError
            If the first panel cannot be loaded.
        StorageUnavailableError
            If the register cannot be read.
        """
        with self._lock:
            if self._loaded.panel is None:
                now = self._clock.now()
                adopt_configured(self._database, self._configured, now)
                self._loaded = self._build()
            else:
                self._follow()
            assert self._loaded.panel is not None
            return self._loaded.panel

    def settle(self, timeout_s: float) -> None:
        """Wait until a panel that is being loaded has taken over."""
        thread = self._under_way
        if thread is not None:
            thread.join(timeout_s)

    def _follow(self) -> None:
        if self._under_way is not None and self._under_way.is_alive():
            return
        if self._clock.monotonic_s() < self._retry_at_s:
            return
        with self._database.read() as transaction:
            stamp = newest_model_transition(transaction)
        if stamp != self._loaded.transition_id:
            self._under_way = threading.Thread(
                target=self._swap, name="load-models", daemon=True
            )
            self._under_way.start()

    def _swap(self) -> None:
        try:
            fresh = self._build()
        except Exception as error:  # noqa: BLE001 - the old panel goes on judging
            self._retry_at_s = self._clock.monotonic_s() + RETRY_S
            _log.error("models_not_loaded", reason=str(error), exc_info=error)
            return
        self._loaded = fresh
        assert fresh.panel is not None
        _log.info(
            "panel_changed",
            live={scope: j.model_version for scope, j in fresh.panel.live.items()},
            shadows=[judge.model_version for _, judge in fresh.panel.shadows],
        )

    def _build(self) -> _Loaded:
        with self._database.read() as transaction:
            stamp = newest_model_transition(transaction)
            history = read_history(transaction)
        known = self._loaded.judges
        judges: dict[str, Judge] = {}
        live: dict[str, Judge] = {}
        for post in (*history.live().values(), *history.shadows()):
            if post.version not in judges:
                judges[post.version] = known.get(post.version) or self._load_version(
                    post.version
                )
        for scope, post in history.live().items():
            live[scope] = judges[post.version]
        shadows = [(post.scope, judges[post.version]) for post in history.shadows()]
        if EVERY_CAVITY not in live:
            live[EVERY_CAVITY] = self._load(None)
        return _Loaded(stamp, Panel(live=live, shadows=tuple(shadows)), judges)

    def _load_version(self, version: str) -> Judge:
        judge = self._load(fetch_folder(self._database, version, self._home))
        self._warm_up(judge)
        return judge

    def _warm_up(self, judge: Judge) -> None:
        """Judge the newest wide sweeps, so that the first real one does not wait."""
        wanted = SweepFilter(purpose=SweepPurpose.WIDE)
        try:
            with self._database.read() as transaction:
                records = list_sweeps(transaction, wanted, WARM_UP_COUNT)
                sweeps = [load_sweep(transaction, record) for record in records]
        except (ServiceError, ValueError) as error:
            _log.warning("no_warm_up", reason=str(error))
            return
        for sweep in sweeps:
            judge.diagnose(sweep, sweep, "warm-up")
