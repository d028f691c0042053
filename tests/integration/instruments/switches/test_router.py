"""The router through real sockets, against emulated boxes that misbehave."""

import threading
import time

import pytest

from instruments.clock import SystemClock
from instruments.errors import (
    GarbledReplyError,
    IdentityMismatchError,
    InstrumentError,
    InstrumentTimeoutError,
    SettingRefusedError,
)
from instruments.simulation.switches.box import BoxFaults
from instruments.switches import RouteError, SwitchBusyError, open_router

DRIVERS = [
    "mini_circuits_http",
    "mini_circuits_telnet",
    "keysight_34980a",
    "keysight_l44xx",
    "dow_key",
]


def nothing():
    """Keep the source as it is."""


def is_verified_in_time(router, route):
    """Ask until a box answers whose time for a reply is short for a busy machine."""
    end_s = time.monotonic() + 60.0
    while True:
        try:
            with router.hold(route, quiet=nothing) as selected:
                return selected.is_verified
        except InstrumentTimeoutError:
            if time.monotonic() > end_s:
                raise


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_brings_routes_about_and_reads_them_back(driver, switched):
    served, router = switched(driver)
    box = served.boxes["matrix"]
    for route in ("left", "right", "left"):
        with router.hold(route, quiet=nothing) as selected:
            assert selected.is_verified
            assert not box.is_moving
            assert router.confirm(selected)
            view = served.served.array.view("vna-1")
            assert {cavity for _, cavity, _ in view} == {
                "one" if route == "left" else "two"
            }
    (state,) = router.states()
    assert state.identity is not None
    assert state.identity.model
    assert state.identity.serial
    assert set(state.positions.values()) == {"1"}


@pytest.mark.parametrize("driver", DRIVERS)
def test_source_is_quiet_before_anything_moves_and_once(driver, switched):
    served, router = switched(driver)
    box = served.boxes["matrix"]
    moves_when_quiet = []

    def quiet():
        moves_when_quiet.append(len(box.moves))

    with router.hold("left", quiet=quiet):
        pass
    moves_when_quiet.clear()
    with router.hold("left", quiet=quiet):
        assert moves_when_quiet == []
    before = len(box.moves)
    with router.hold("right", quiet=quiet):
        assert moves_when_quiet == [before]
        assert len(box.moves) > before


def test_hot_switch_needs_no_quiet(switched):
    _, router = switched("mini_circuits_http", hot_switching=True)

    def quiet():
        raise AssertionError("a hot switch moves under power")

    for route in ("left", "right"):
        with router.hold(route, quiet=quiet) as selected:
            assert selected.actuation_count in (0, 2)


def test_all_is_broken_before_anything_is_made(switched):
    served, router = switched("keysight_34980a")
    with router.hold("left", quiet=nothing):
        pass
    box = served.boxes["matrix"]
    before = len(box.moves)
    with router.hold("right", quiet=nothing):
        made = [one.position for one in box.moves[before:]]
    assert made == ["0", "0", "1", "1"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_stuck_element_is_named(driver, switched):
    served, router = switched(driver)
    box = served.boxes["matrix"]
    with router.hold("left", quiet=nothing):
        pass
    box.faults = BoxFaults(stuck=frozenset(box.elements))
    with (
        pytest.raises(RouteError, match=r"matrix\.(A|1) reads"),
        router.hold("right", quiet=nothing),
    ):
        pytest.fail("a route that does not stand was given out")
    box.faults = BoxFaults()
    with router.hold("right", quiet=nothing) as selected:
        assert selected.is_verified


@pytest.mark.parametrize("driver", DRIVERS)
def test_wrong_read_back_is_no_route(driver, switched):
    served, router = switched(driver)
    box = served.boxes["matrix"]
    with router.hold("left", quiet=nothing):
        pass
    box.faults = BoxFaults(misreported=frozenset(box.elements[:1]))
    with (
        pytest.raises(RouteError, match="does not stand"),
        router.hold("right", quiet=nothing),
    ):
        pytest.fail("a route that does not stand was given out")


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("faults", "errors"),
    [
        (BoxFaults(is_silent=True), (InstrumentTimeoutError,)),
        (
            BoxFaults(is_garbled=True),
            (
                GarbledReplyError,
                IdentityMismatchError,
                SettingRefusedError,
                RouteError,
                InstrumentTimeoutError,
            ),
        ),
    ],
)
def test_silence_and_nonsense_end_in_time_and_heal(driver, faults, errors, switched):
    served, router = switched(driver, io_timeout_s=0.5)
    box = served.boxes["matrix"]
    box.faults = faults
    began_s = time.monotonic()
    with pytest.raises(errors) as caught, router.hold("right", quiet=nothing):
        pytest.fail("a box that does not answer gave a route")
    assert "matrix" in str(caught.value)
    assert time.monotonic() - began_s < 20.0
    assert router.states()[0].last_error
    box.faults = BoxFaults()
    assert is_verified_in_time(router, "right")
    assert router.states()[0].last_error is None


@pytest.mark.parametrize("driver", DRIVERS)
def test_slow_switch_is_waited_for(driver, switched):
    # A Mini-Circuits box tells what was asked for, so that only the settle time helps.
    settle_time_s = 0.3 if driver.startswith("mini_circuits") else 0.03
    served, router = switched(driver, settle_time_s=settle_time_s)
    with router.hold("left", quiet=nothing):
        pass
    served.boxes["matrix"].faults = BoxFaults(travel_time_s=0.25)
    with router.hold("right", quiet=nothing) as selected:
        assert selected.is_verified
        assert not served.boxes["matrix"].is_moving


@pytest.mark.parametrize("driver", DRIVERS)
def test_somebody_elses_move_is_noticed(driver, switched):
    served, router = switched(driver)
    box = served.boxes["matrix"]
    with router.hold("left", quiet=nothing) as selected:
        element = box.elements[0]
        told = box.told(element)
        box.move(element, next(p for p in box.positions_of(element) if p != told))
        end_s = time.monotonic() + 60.0
        while box.is_moving and time.monotonic() < end_s:
            pass
        assert not router.confirm(selected)
    assert router.states()[0].foreign_move_count == 1
    box.move(element, told)
    end_s = time.monotonic() + 60.0
    while box.is_moving and time.monotonic() < end_s:
        pass
    with router.hold("left", quiet=nothing) as selected:
        assert len(selected.foreign_moves) == 1
        assert selected.is_verified


def test_without_read_back_a_route_is_assumed(switched):
    served, router = switched("mini_circuits_http", read_back=False)
    box = served.boxes["matrix"]
    with router.hold("right", quiet=nothing) as selected:
        assert not selected.is_verified
        assert selected.actuation_count == 2
        assert not router.confirm(selected)
    assert [box.position(one) for one in box.elements] == ["2", "2"]
    with router.hold("right", quiet=nothing) as selected:
        assert selected.actuation_count == 0


def test_moves_are_counted_over_restarts_and_wear_is_told(switched, tmp_path, caplog):
    served, router = switched("mini_circuits_http", max_actuation_count=4)
    for route in ("right", "left", "right"):
        with router.hold(route, quiet=nothing):
            pass
    router.close()
    again = open_router(served.config, clock=SystemClock(), directory=tmp_path)
    assert not again.states()[0].worn_elements
    with again.hold("left", quiet=nothing):
        pass
    (state,) = again.states()
    assert dict(state.actuation_counts) == {"A": 4, "B": 4}
    assert state.worn_elements == ("A", "B")
    assert "as many as it is good for" in caplog.text
    assert served.boxes["matrix"].count("A") == 4
    again.close()


def test_another_serial_number_is_refused(switched):
    _, router = switched("mini_circuits_telnet", expected_serial="1234")
    with (
        pytest.raises(IdentityMismatchError, match="expects 1234"),
        router.hold("left", quiet=nothing),
    ):
        pytest.fail("another box was taken")


def test_another_model_is_refused(serve, switched, tmp_path):
    served, _ = switched("mini_circuits_http")
    document = served.config.model_dump(mode="json", exclude_none=True)
    document["instruments"]["switch"]["matrix"]["elements"] = {"A": 6, "B": 6}
    config = type(served.config).model_validate(document)
    router = open_router(config, clock=SystemClock(), directory=tmp_path)
    with (
        pytest.raises(IdentityMismatchError, match="SP6T"),
        router.hold("left", quiet=nothing),
    ):
        pytest.fail("another box was taken")
    router.close()


def test_unknown_route_is_named(switched):
    _, router = switched("dow_key")
    with (
        pytest.raises(RouteError, match="no route middle"),
        router.hold("middle", quiet=nothing),
    ):
        pytest.fail("there is no such route")


def test_busy_element_is_waited_for_and_its_holder_named(switched):
    _, router = switched("dow_key")
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with router.hold("left", quiet=nothing, holder="vna-1"):
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(60)
    beats = []
    with (
        pytest.raises(SwitchBusyError, match="held by vna-1; vna-2 waited"),
        router.hold(
            "right",
            quiet=nothing,
            holder="vna-2",
            timeout_s=0.3,
            on_wait=lambda: beats.append(1),
        ),
    ):
        pytest.fail("two routes at once")
    assert beats
    leave.set()
    thread.join(60)
    with router.hold("right", quiet=nothing) as selected:
        assert selected.is_verified


def test_stuck_holder_is_evicted_and_leaves_no_trace(switched):
    served, router = switched("keysight_l44xx")
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with router.hold("left", quiet=nothing, holder="vna-1"):
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(60)
    router.evict("vna-1")
    with router.hold("right", quiet=nothing, timeout_s=60.0) as selected:
        leave.set()
        thread.join(60)
        assert router.confirm(selected)
        with (
            pytest.raises(SwitchBusyError),
            router.hold("left", quiet=nothing, timeout_s=0.1),
        ):
            pytest.fail("the evicted holder has let go of another one's lock")
    assert not served.boxes["matrix"].is_moving


def test_failed_quiet_moves_nothing(switched):
    served, router = switched("dow_key")
    with router.hold("left", quiet=nothing):
        pass
    before = len(served.boxes["matrix"].moves)

    def quiet():
        raise InstrumentError("the source cannot be switched off")

    with (
        pytest.raises(InstrumentError, match="cannot be switched off"),
        router.hold("right", quiet=quiet),
    ):
        pytest.fail("moved under power")
    assert len(served.boxes["matrix"].moves) == before
