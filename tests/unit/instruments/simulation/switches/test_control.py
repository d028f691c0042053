"""The control port reaches the relays, and refuses what is not there."""

import pytest

from instruments.simulation.faults import FaultRefusedError
from instruments.simulation.switches.box import SwitchBox
from instruments.simulation.switches.control import answer_switch


@pytest.fixture
def boxes(clock):
    elements = {"A": ("1", "2"), "B": ("0", "1", "2", "3", "4")}
    return {"matrix": SwitchBox(elements, clock=clock)}


def test_hand_moves_an_element_which_takes_its_time(boxes, clock):
    answer = answer_switch(boxes, {"switch": "matrix", "move": {"B": 3}})
    assert answer["positions"] == {"A": "1", "B": "0"}
    assert boxes["matrix"].told("B") == "0"
    clock.step(0.1)
    assert boxes["matrix"].position("B") == "3"
    answer = answer_switch(boxes, {"switch": "matrix"})
    assert answer["actuation_counts"] == {"A": 0, "B": 1}


def test_faults_add_up_until_all_is_well(boxes, clock):
    box = boxes["matrix"]
    answer_switch(boxes, {"switch": "matrix", "stuck": ["A"], "silent": True})
    answer_switch(boxes, {"switch": "matrix", "misreported": ["B"]})
    box.move("A", "2")
    clock.step(1.0)
    assert box.position("A") == "1"
    assert box.told("B") != box.position("B")
    assert box.faults.is_silent
    answer_switch(boxes, {"switch": "matrix", "well": True, "travel_time_s": 0.5})
    box.move("A", "2")
    assert box.is_moving
    assert not box.faults.is_silent
    clock.step(0.6)
    assert box.position("A") == "2"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"switch": "m"}, "there are matrix"),
        ({"switch": "matrix", "colour": 1}, "not known"),
        ({"switch": "matrix", "stuck": ["C"]}, "list of A, B"),
        ({"switch": "matrix", "stuck": "A", "silent": True}, "list of A, B"),
        ({"switch": "matrix", "silent": 1}, "true or false"),
        ({"switch": "matrix", "travel_time_s": -1}, "0 to 600"),
        ({"switch": "matrix", "travel_time_s": float("nan")}, "0 to 600"),
        ({"switch": "matrix", "move": {"C": 1}}, "no element"),
        ({"switch": "matrix", "move": {"A": 3}}, "no position 3"),
        ({"switch": "matrix", "move": "A"}, "each with its position"),
    ],
)
def test_what_is_not_there_is_refused_and_nothing_changes(request_, words, boxes):
    before = boxes["matrix"].faults
    with pytest.raises(FaultRefusedError, match=words):
        answer_switch(boxes, request_)
    assert boxes["matrix"].faults == before
    assert boxes["matrix"].moves == []
