"""The application in this process, with a judge that needs no training."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import httpx
import numpy as np
import pytest
import uvicorn

from instruments.measurement import Sweep, SweepPurpose
from models.diagnosis import (
    NOT_CLASSIFIED,
    NOT_TRAINED,
    Classification,
    Diagnosis,
    Estimate,
    EstimateState,
    OutOfDistribution,
    ResonanceEstimate,
    ResonanceState,
)
from service.config import ServiceConfig
from service.config_values import parse_channels
from service.context import ServiceContext, make_context
from service.handlers.connections import GuardedConnection
from service.main import create_app
from service.storage.engine import Database
from service.storage.notifying import notifying


class ThresholdJudge:
    """Judges by one number: how far |S21| moved from the reference.

    A real, deterministic judge: below 1.5 times healthy, above a loose connector,
    above 10 times out of distribution; the temperature is 4 K times the ratio.
    """

    model_version = "threshold-1"

    def diagnose(
        self, sweep: Sweep, reference: Sweep | None, reference_id: str | None
    ) -> Diagnosis:
        if sweep.purpose is not SweepPurpose.WIDE:
            return self._narrow(sweep)
        if reference is None:
            return self._refused(EstimateState.NO_REFERENCE)
        ratio = float(
            np.median(np.abs(sweep.traces["S21"]))
            / np.median(np.abs(reference.traces["S21"]))
        )
        label = "healthy" if ratio < 1.5 else "loose_connector"
        if ratio > 10.0:
            label = "unknown"
        kelvin = 4.0 * ratio
        return Diagnosis(
            model_version=self.model_version,
            temperature_k=Estimate(
                state=EstimateState.ESTIMATED,
                median=kelvin,
                p05=0.9 * kelvin,
                p16=0.95 * kelvin,
                p84=1.05 * kelvin,
                p95=1.1 * kelvin,
            ),
            magnetic_field_tesla=NOT_TRAINED,
            condition=Classification(
                state=EstimateState.ESTIMATED,
                label=label,
                probability=0.9,
                conformal_set=(label,),
                top=((label, 0.9),),
            ),
            component=NOT_CLASSIFIED,
            out_of_distribution=OutOfDistribution(p_value=0.5, flag=ratio > 10.0),
            reference_sweep=reference_id,
        )

    def _narrow(self, sweep: Sweep) -> Diagnosis:
        peak = int(np.argmax(np.abs(sweep.traces["S21"])))
        frequency_hz = float(sweep.frequency_hz[peak])
        found = np.abs(sweep.traces["S21"]).max() > 0.5
        return replace(
            self._refused(EstimateState.NOT_TRAINED),
            resonance=ResonanceEstimate(
                state=ResonanceState.OK if found else ResonanceState.NO_RESONANCE,
                resonant_frequency_hz=frequency_hz if found else None,
                resonant_frequency_sigma_hz=1.0 if found else None,
                loaded_q=8000.0 if found else None,
            ),
        )

    def _refused(self, state: EstimateState) -> Diagnosis:
        return Diagnosis(
            model_version=self.model_version,
            temperature_k=Estimate(state=state),
            magnetic_field_tesla=Estimate(state=state),
            condition=Classification(state=state),
            component=Classification(state=state),
            out_of_distribution=OutOfDistribution(),
        )


@pytest.fixture
def judge() -> ThresholdJudge:
    return ThresholdJudge()


@pytest.fixture
def context(
    config: ServiceConfig, database: Database, judge: ThresholdJudge
) -> Iterator[ServiceContext]:
    context = make_context(config, load=lambda model: judge)
    yield context
    context.close()


@contextlib.contextmanager
def running(context: ServiceContext, config: ServiceConfig) -> Iterator[httpx.Client]:
    """Run the application on a real port of this process."""
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(config, context=context),
            http=GuardedConnection,
            ws="none",
            log_config=None,
            timeout_graceful_shutdown=2,
        )
    )
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1/"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with (
            notifying(context.database),
            httpx.Client(base_url=url, timeout=90.0) as client,
        ):
            yield client
    finally:
        context.broadcaster.close()
        server.should_exit = True
        thread.join(90)
        listener.close()


@pytest.fixture(name="running")
def running_fixture():
    """Run an application on a real port, by a context manager."""
    return running


@pytest.fixture
def client(context: ServiceContext, config: ServiceConfig) -> Iterator[httpx.Client]:
    """The application in this process, with one cavity registered."""
    with running(context, config) as client:
        client.put("cavities/cavity-1", json={}).raise_for_status()
        yield client


@pytest.fixture
def stepping_client(
    config: ServiceConfig, database: Database, judge: ThresholdJudge, clock, webhook
) -> Iterator[httpx.Client]:
    """The application under the clock that moves only when it is told."""
    del database
    config = replace(config, channels=parse_channels(f"oncall={webhook.url}"))
    context = make_context(config, clock=clock, load=lambda model: judge)
    with running(context, config) as client:
        yield client
    context.close()
