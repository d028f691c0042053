import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.life.courses import Course, resting, slow_waves
from instruments.simulation.physics.chain.catalogue import usual_circulator
from instruments.simulation.physics.chain.junction import follow_field

FIELDS = st.lists(
    st.floats(min_value=-0.05, max_value=0.05, allow_nan=False), min_size=1, max_size=8
)


@given(FIELDS)
def test_memory_is_that_of_following_the_field_step_by_step(fields):
    course = Course(
        time_s=tuple(float(i) for i in range(len(fields))), value=tuple(fields)
    )
    circulator = usual_circulator(5e9)
    fine_s = np.linspace(0.0, len(fields) - 1.0, 40 * len(fields))
    stepped = follow_field(circulator, course.at(fine_s))
    found = course.remembered_at(fine_s, circulator.coercive_field_tesla)
    # Corners between two of the fine steps are seen by the course alone.
    corner = course.remembered_at(np.asarray(course.time_s), 5e-4)
    np.testing.assert_allclose(corner, follow_field(circulator, fields), atol=1e-15)
    slope = np.abs(np.diff(fields)).max(initial=0.0)
    assert np.abs(found - stepped).max() <= slope / 30.0 + 1e-12


def test_field_from_above_and_from_below_are_remembered_apart():
    loop = Course(time_s=(0.0, 1.0, 2.0), value=(0.0, 0.05, 0.0))
    rising, falling = loop.remembered_at(np.asarray([0.5, 1.5]), 5e-4)
    assert falling > rising
    assert loop.remembered_at(np.asarray([9.0]), 5e-4)[0] == 5e-4


def test_a_course_rests_before_and_after():
    assert resting(2.0).at([-1.0, 0.0, 7.0]).tolist() == [2.0, 2.0, 2.0]


def test_waves_are_slow_and_of_unit_variance():
    time_s = np.arange(0.0, 5e6, 60.0)
    found = slow_waves(1, "room", time_s, shortest_s=3600.0, longest_s=86_400.0)
    assert 0.8 < found.std() < 1.2
    assert np.abs(np.diff(found)).max() < 0.5
