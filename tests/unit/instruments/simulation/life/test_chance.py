import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.life.chance import moments, normals, uniforms

SEEDS = st.integers(min_value=0, max_value=2**40)
INDICES = st.lists(
    st.integers(min_value=-(2**40), max_value=2**40), min_size=1, max_size=20
)


@given(SEEDS, INDICES)
def test_a_number_depends_on_its_index_alone(seed, indices):
    whole = normals(seed, "topic", np.asarray(indices))
    alone = [float(normals(seed, "topic", index)) for index in indices]
    assert whole.tolist() == alone


@given(SEEDS, INDICES)
def test_uniform_numbers_lie_strictly_inside(seed, indices):
    found = uniforms(seed, "topic", np.asarray(indices))
    assert ((found > 0.0) & (found < 1.0)).all()


def test_numbers_are_normal_and_topics_and_seeds_independent():
    index = np.arange(20_000)
    one, other, third = (
        normals(1, "one", index),
        normals(1, "other", index),
        normals(2, "one", index),
    )
    for found in (one, other, third):
        assert abs(found.mean()) < 0.03
        assert abs(found.std() - 1.0) < 0.03
        assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 0.03
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert abs(np.corrcoef(one, third)[0, 1]) < 0.03


def test_times_are_told_apart_to_a_microsecond():
    found = moments([0.0, 1e-6, 3.0e7, 3.0e7 + 1e-6])
    assert np.unique(found).size == 4
