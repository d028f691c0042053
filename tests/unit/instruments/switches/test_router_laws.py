"""Laws of the router: no deadlock, no two holders of one element, true counts."""

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.clock import SystemClock
from instruments.measurement import InstrumentIdentity
from instruments.simulation.switches.box import BoxFaults, SwitchBox
from instruments.switches import Router
from instruments.switches.box import Box, BoxSettings
from instruments.switches.driver import SwitchDriver
from instruments.switches.ledger import ActuationLedger

SWITCHES = ("alpha", "beta", "gamma")
ELEMENTS = ("A", "B")
DEADLINE_S = 30.0


class DirectDriver(SwitchDriver):
    """Reaches into the relays without a wire."""

    def __init__(self, relays):
        self._relays = relays

    def connect(self):
        return InstrumentIdentity(vendor="v", model="m", serial="1")

    def positions(self):
        return {one: self._relays.told(one) for one in self._relays.elements}

    def release(self, element):
        pass

    def move(self, element, position):
        self._relays.move(element, position)

    def close(self):
        pass


def build(directory, routes):
    clock = SystemClock()
    relays = {
        name: SwitchBox(dict.fromkeys(ELEMENTS, ("1", "2", "3")), clock=clock)
        for name in SWITCHES
    }
    for one in relays.values():
        one.faults = BoxFaults(travel_time_s=0.0)
    settings_ = BoxSettings(settle_time_s=0.0)
    boxes = {
        name: Box(name, settings_, lambda one=one: DirectDriver(one))
        for name, one in relays.items()
    }
    ledger = ActuationLedger(directory / "actuations.json")
    return Router(boxes, routes, clock=clock, ledger=ledger), relays


routes_of_array = st.dictionaries(
    st.sampled_from(["r0", "r1", "r2", "r3"]),
    st.dictionaries(
        st.sampled_from(SWITCHES),
        st.dictionaries(st.sampled_from(ELEMENTS), st.sampled_from("123"), min_size=1),
        min_size=1,
    ),
    min_size=2,
)


@settings(max_examples=15)
@given(routes=routes_of_array, orders=st.lists(st.randoms(), min_size=3, max_size=4))
def test_threads_never_wait_for_each_other_in_a_circle(
    tmp_path_factory, routes, orders
):
    directory = tmp_path_factory.mktemp("ledger")
    router, relays = build(directory, routes)
    held, guard, broken = {}, threading.Lock(), []

    def work(random):
        names = sorted(routes) * 3
        random.shuffle(names)
        for name in names:
            with router.hold(name, quiet=lambda: None, timeout_s=DEADLINE_S) as one:
                places = {(s, e) for s, es in one.positions.items() for e in es}
                with guard:
                    broken.extend(place for place in places if place in held)
                    held.update(dict.fromkeys(places, name))
                stands = all(
                    relays[s].position(e) == p
                    for s, es in routes[name].items()
                    for e, p in es.items()
                )
                with guard:
                    if not stands:
                        broken.append(name)
                    for place in places:
                        held.pop(place, None)

    threads = [threading.Thread(target=work, args=(one,)) for one in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert not any(thread.is_alive() for thread in threads)
    assert broken == []
    counts = ActuationLedger(directory / "actuations.json").counts()
    for name, one in relays.items():
        for element in ELEMENTS:
            assert counts.get(name, {}).get(element, 0) == one.count(element)
    assert all(state.foreign_move_count == 0 for state in router.states())


def test_routes_over_different_elements_of_one_box_stand_at_once(tmp_path):
    routes = {"left": {"alpha": {"A": "2"}}, "right": {"alpha": {"B": "3"}}}
    router, relays = build(tmp_path, routes)
    with (
        router.hold("left", quiet=lambda: None),
        router.hold("right", quiet=lambda: None, timeout_s=DEADLINE_S) as right,
    ):
        assert relays["alpha"].position("A") == "2"
        assert router.confirm(right)
