"""What every test may ask for: a clock that waits for nobody, the reference data."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]

settings.register_profile(
    "halowatch",
    deadline=None,
    max_examples=50,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("halowatch")


class SteppingClock:
    """A clock that moves only when somebody sleeps, or steps it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def sleep(self, duration_s: float) -> None:
        self.step(duration_s)

    def step(self, duration_s: float) -> None:
        self.elapsed_s += duration_s
        self.moment += timedelta(seconds=duration_s)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The measured sweeps; tests that need them skip where they are not at hand."""
    named = os.environ.get("HALOWATCH_REFERENCE_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set HALOWATCH_REFERENCE_DATA")
    return folder
