"""The sample array from end to end: one VNA, two cavities, switches between them."""

import re

import numpy as np
import pytest

from instruments.array import load_array, plan_for
from instruments.array.config import ArrayConfig
from instruments.array.ports import cavity_sweep, vna_plan
from instruments.clock import SystemClock
from instruments.measurement.flags import TruthFlag
from instruments.polling import PollingPipeline
from instruments.switches import open_router
from instruments.transport import open_wire
from instruments.vna import VectorNetworkAnalyzer


@pytest.fixture
def sample(root):
    """The sample, with every port left to the system."""
    config = load_array(root / "docs/how-to/shared-vna.yaml")
    document = config.model_dump(mode="json", exclude_none=True)
    for section in document["instruments"].values():
        for instrument in section.values():
            free = re.sub(r"::\d+::SOCKET", "::0::SOCKET", instrument["resource"])
            instrument["resource"] = free
    return document


def measure(served, config, cavity, tmp_path, sweep="transmission"):
    """Measure one cavity through router, driver and wire."""
    clock = SystemClock()
    section = config.instruments.vna["vna-1"]
    cavity_section = config.cavities[cavity]
    plan = plan_for(
        config, cavity, sweep, cavity_section.expected.resonant_frequency_hz
    )
    router = open_router(config, clock=clock, directory=tmp_path)
    wire = open_wire(section.resource, open_timeout_s=20.0, io_timeout_s=20.0)
    try:
        vna = VectorNetworkAnalyzer(wire, clock=clock, time_scale=section.time_scale)
        vna.connect()
        with router.hold(cavity_section.route_of(sweep), quiet=lambda: None) as route:
            measured = vna.acquire(vna_plan(plan, cavity_section.ports))
            assert router.confirm(route)
        return cavity_sweep(measured, plan, cavity_section.ports)
    finally:
        wire.close()
        router.close()


@pytest.mark.parametrize("ports", [{}, {1: 3, 2: 4}])
def test_sweep_of_each_routed_cavity_is_that_cavitys(sample, serve, tmp_path, ports):
    for section in sample["cavities"].values():
        section["ports"] = ports
    served = serve(ArrayConfig.model_validate(sample))
    array = served.served.array
    for cavity in ("cavity-1", "cavity-2", "cavity-1"):
        sweep = measure(served, served.config, cavity, tmp_path)
        assert list(sweep.traces) == ["S21"]
        truth = array.snapshot(cavity, array.now_s(), 0).response(
            sweep.frequency_hz, ["S21"], source_power_dbm=-20.0
        )["S21"]
        seen = np.abs(sweep.traces["S21"])
        assert np.corrcoef(seen, np.abs(truth))[0, 1] > 0.9


def test_poller_sends_the_sweeps_of_both_cavities(sample, serve, service, tmp_path):
    sample["schedule"] = {
        "wide": {"period_s": 2.0},
        "transmission": {"period_s": 1.0, "phase_s": 0.5},
    }
    served = serve(ArrayConfig.model_validate(sample))
    array = served.served.array
    clock = SystemClock()
    pipeline = PollingPipeline(
        served.config, service.url, clock=clock, spool_directory=tmp_path
    )
    pipeline.start()
    end_s = clock.monotonic_s() + 90.0
    wanted = {
        (one, kind) for one in array.cavities for kind in ("wide", "transmission")
    }
    while clock.monotonic_s() < end_s:
        arrived = list(service.stored.values())
        if {(one.cavity, one.purpose.value) for one in arrived} == wanted:
            break
        clock.sleep(0.02)
    pipeline.stop(60.0)
    assert {(one.cavity, one.purpose.value) for one in arrived} == wanted
    for sweep in arrived:
        assert sweep.route == sweep.cavity
        assert TruthFlag.ROUTE_UNVERIFIED not in sweep.flags
        assert TruthFlag.UNEXPECTED_CAVITY not in sweep.flags
        truth = array.snapshot(sweep.cavity, array.now_s(), 0).response(
            sweep.frequency_hz, ["S21"], source_power_dbm=-20.0
        )["S21"]
        seen = np.abs(sweep.traces["S21"])
        assert np.corrcoef(seen, np.abs(truth))[0, 1] > 0.9
    assert (tmp_path / "actuations.json").exists()


def test_route_that_nobody_set_shows_open_ports(sample, serve):
    served = serve(ArrayConfig.model_validate(sample))
    box = served.boxes["matrix"]
    box.move("A", "2")
    snapshot = served.served.array.seen_by("vna-1", 0.0, 0)
    assert snapshot is None
    assert served.served.array.view("vna-1") == ()
