"""Cold starts: what a fit finds of receivers of which only the type is known."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import (
    ReceiverHardware,
    draw_unit,
    usual_receiver,
)
from instruments.simulation.physics.chain.coax import CoaxSection
from instruments.simulation.physics.chain.connector import Connector
from models.twin.fit import FitState, TwinFit, fit_twin
from models.twin.fit_delays import estimate_delays
from tests.unit.models.twin.calibration import AXIS_HZ, CALIBRATION, measured

SEEDS = tuple(range(int(os.environ.get("HALOWATCH_BENCH_UNITS", "3"))))
RESULT = Path(__file__).parents[2] / "bench" / "twin_fit.json"


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def departures(fit: TwinFit, hidden: ReceiverHardware) -> dict[str, float]:
    """Return the errors of identified delays in ps, and of the centre in MHz."""
    assert fit.hardware is not None
    true = estimate_delays(hidden, CALIBRATION[0], AXIS_HZ, fit.names, fit.covariance)
    errors = [
        abs(own.delay_s - other.delay_s) * 1e12
        for own, other in zip(fit.delays, true, strict=True)
        if own.is_identified
    ]
    found, hid = (one.circulator.center_frequency_hz for one in (fit.hardware, hidden))
    return {
        "identified_delays": len(errors),
        "largest_delay_error_ps": max(errors),
        "centre_error_mhz": abs(found - hid) / 1e6,
    }


@pytest.mark.benchmark
@pytest.mark.timeout(3600)
def test_cold_starts() -> None:
    """Every unit is accepted, and whatever is accepted is right."""
    described = usual_receiver(has_jpa=False)
    rows = []
    for seed in SEEDS:
        hidden = draw_unit(described, np.random.default_rng(100 + seed))
        started_s = time.process_time()
        fit = fit_twin(described, measured(hidden, seed=seed))
        row = {
            "unit": seed,
            "state": fit.state.value,
            "chi_square_ratio": fit.quality.chi_square_ratio,
            "processor_s": time.process_time() - started_s,
        }
        if fit.state is FitState.FITTED:
            row |= departures(fit, hidden)
            assert row["largest_delay_error_ps"] < 2.0
            assert row["centre_error_mhz"] < 1.0
        rows.append(row)
        print(row)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(rows, indent=2) + "\n")
    refused = [row["unit"] for row in rows if row["state"] != FitState.FITTED.value]
    assert not refused, f"units {refused} are not accepted"


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
def test_a_plane_that_is_not_described_is_a_misfit() -> None:
    """One connector more in the truth; no prior can absorb it."""
    described = usual_receiver(has_jpa=False)
    hidden = draw_unit(described, np.random.default_rng(100))
    line = hidden.upper_output_line
    whole = line.parts[1]
    assert isinstance(whole, CoaxSection)
    half = replace(whole, length_m=0.5 * whole.length_m)
    longer = replace(
        line,
        parts=(line.parts[0], half, half),
        connectors=(
            *line.connectors[:2],
            Connector(reactance_ratio=0.25),
            line.connectors[2],
        ),
    )
    fit = fit_twin(described, measured(replace(hidden, upper_output_line=longer)))
    assert fit.state is FitState.MISFIT
    assert fit.hardware is None
    assert fit.quality.worst.trace in fit.reason
