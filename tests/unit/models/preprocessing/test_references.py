"""The memory of references: by the arrays themselves, bounded, keeping none alive."""

import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from models.preprocessing.references import REFERENCE_COUNT, ReferenceMemory

AXIS = np.linspace(4e9, 8e9, 11)


def traces(number, names=("S21", "S11")):
    return {name: np.full(AXIS.size, number + 1j) for name in names}


def test_a_reference_is_worked_out_once_however_its_traces_are_handed_over():
    asked, memory, known = [], ReferenceMemory(), traces(1)
    for given in (known, dict(known), known):
        assert memory.recall(AXIS, given, lambda: asked.append(1) or 7) == 7
    assert asked == [1]


def test_equal_arrays_other_names_and_another_axis_are_other_references():
    memory, known = ReferenceMemory(), traces(1)
    renamed = dict(zip(("S22", "S11"), known.values(), strict=True))
    one_less = {"S21": known["S21"]}
    asked = [(AXIS, known), (AXIS, traces(1)), (AXIS.copy(), known)]
    asked += [(AXIS, renamed), (AXIS, one_less)]
    for number, (axis, given) in enumerate(asked):
        assert memory.recall(axis, given, lambda n=number: n) == number
    for number, (axis, given) in enumerate(asked):
        assert memory.recall(axis, given, lambda: None) == number


def test_what_was_used_last_stays_and_no_more_than_a_bounded_number_does():
    asked, memory, first = [], ReferenceMemory(), traces(0)
    others = [traces(number) for number in range(3 * REFERENCE_COUNT)]
    for other in others:
        memory.recall(AXIS, first, lambda: asked.append(0) or 0)
        memory.recall(AXIS, other, lambda: 1)
    assert asked == [0]
    assert len(memory) == REFERENCE_COUNT


def test_arrays_are_not_kept_alive_and_their_successors_not_taken_for_them():
    memory = ReferenceMemory()
    for number in range(50):
        # The next arrays often lie where the last ones did.
        known = traces(number)
        alive = weakref.ref(known["S21"])
        assert memory.recall(AXIS, known, lambda n=number: n) == number
        del known
        assert alive() is None


def test_threads_get_what_belongs_to_their_reference():
    memory = ReferenceMemory()
    known = [traces(number) for number in range(2 * REFERENCE_COUNT)]

    def ask(number):
        given = known[number % len(known)]
        value = given["S21"][0].real
        return memory.recall(AXIS, given, lambda: value) == value

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(2000)))
    assert len(memory) == REFERENCE_COUNT
