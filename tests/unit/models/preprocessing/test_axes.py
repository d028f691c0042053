"""The memory of axes: exact, bounded, and safe among threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from models.preprocessing.axes import AXIS_COUNT, MOST_POINTS, AxisMemory


def axes(count, points=11):
    return [np.linspace(4e9 + number, 8e9, points) for number in range(count)]


def test_an_axis_is_worked_out_once_and_told_from_one_that_is_a_hertz_off():
    asked, memory = [], AxisMemory()

    def work_out(axis):
        asked.append(axis[0])
        return float(axis[0])

    first, second = axes(2)
    for axis in (first, second, first.copy(), second.copy()):
        assert memory.recall(axis, work_out) == axis[0]
    assert asked == [first[0], second[0]]


def test_what_was_used_last_stays_and_no_more_than_a_few_axes_do():
    asked, memory = [], AxisMemory()
    first, *others = axes(3 * AXIS_COUNT)
    for axis in others:
        memory.recall(first, lambda each: asked.append(each[0]))
        memory.recall(axis, lambda each: None)
    assert asked == [first[0]]
    assert len(memory) == AXIS_COUNT


def test_a_long_axis_is_worked_out_each_time_and_not_kept():
    memory = AxisMemory()
    axis = np.linspace(4e9, 8e9, MOST_POINTS + 1)
    assert [memory.recall(axis, np.ptp) for _ in range(2)] == [4e9, 4e9]
    assert len(memory) == 0


def test_threads_get_what_belongs_to_their_axis():
    memory = AxisMemory()
    known = axes(2 * AXIS_COUNT)

    def ask(number):
        axis = known[number % len(known)]
        return memory.recall(axis, lambda each: float(each.sum())) == axis.sum()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(2000)))
    assert len(memory) == AXIS_COUNT
