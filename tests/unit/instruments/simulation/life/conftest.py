import pytest

from instruments.simulation.failures import find_failure
from instruments.simulation.life import (
    CavityPlace,
    FailureEvent,
    LifePlan,
    ThermalCycle,
)

DAY_S = 86_400.0


def places(count=3):
    return tuple(
        CavityPlace(
            name=f"cavity-{number}",
            vna="vna-1" if number < 3 else "vna-2",
            plate="fridge",
            resonant_frequency_hz=5.0e9 + 2e8 * number,
            loaded_q=8000.0,
            coupling_beta=1.5,
        )
        for number in range(1, count + 1)
    )


def cold(name="first"):
    return ThermalCycle(name=name, warm_from_s=-40 * DAY_S, cooling_from_s=-40 * DAY_S)


def plan_with(**changes):
    settings = {
        "seed": 3,
        "hardware_seed": 7,
        "duration_s": 4 * DAY_S,
        "places": places(),
        "cycles": (cold(),),
    }
    return LifePlan(**(settings | changes))


def event(name, *, cavity="cavity-1", neighbour=None, **changes):
    settings = {"from_s": DAY_S, "to_s": 2 * DAY_S, "severity": 0.7}
    return FailureEvent(
        failure=find_failure(name),
        cavities=(cavity,),
        where=cavity,
        neighbours={} if neighbour is None else {cavity: neighbour},
        **(settings | changes),
    )


@pytest.fixture(scope="session", name="plan_with")
def fixture_plan_with():
    return plan_with


@pytest.fixture(scope="session", name="event")
def fixture_event():
    return event


@pytest.fixture(scope="session", name="places")
def fixture_places():
    return places
