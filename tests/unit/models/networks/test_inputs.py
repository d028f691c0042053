from dataclasses import replace

import numpy as np
import pytest

from models.networks.inputs import CoordinateInputs
from models.training.corpus import build_corpus


@pytest.fixture(scope="module")
def corpus(archive_maker):
    return build_corpus([archive_maker(cycles=2, sweeps=12)])


def test_tables_are_even_and_finite(corpus):
    table = corpus.coordinate_table
    assert table.shape == (corpus.sweep_count, 3, corpus.coordinate_inputs.width)
    assert np.isfinite(table).all()
    compared = corpus.compared.all(axis=1)
    usual = np.median(np.abs(table[compared]), axis=0)
    assert usual.max() < 1.5


def test_a_missing_trace_is_a_gap_of_its_own(corpus):
    inputs, seen = corpus.coordinate_inputs, corpus.coordinates
    values, texture = seen.values.copy(), seen.texture.copy()
    values[:, inputs.form.trace_of == 1] = np.nan
    texture[:, inputs.form.trace_of_texture == 1] = np.nan
    gap = replace(seen, values=values, texture=texture)
    assert (inputs.tables(gap)[:, 1] == 0).all()
    assert np.array_equal(inputs.tables(gap)[:, 2], corpus.coordinate_table[:, 2])
    assert not inputs.there(gap)[:, 1].any()


def test_a_coordinate_that_nobody_has_does_no_harm(corpus):
    seen = corpus.coordinates
    values = seen.values.copy()
    values[:, 0] = np.nan
    inputs = CoordinateInputs.of(
        corpus.coordinate_inputs.form, replace(seen, values=values)
    )
    assert np.isfinite(inputs.tables(seen)).all()
