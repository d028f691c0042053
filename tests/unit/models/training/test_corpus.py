from dataclasses import replace

import numpy as np
import pytest

from models.errors import TrainingRefusedError
from models.training.corpus import build_corpus, left_out_words
from models.training.references import references_of


def test_reference_is_the_newest_of_cavity_and_cycle(archive):
    references = references_of(archive)
    rows = np.arange(archive.sweep_count)
    assert (archive.cavity[references] == archive.cavity).all()
    assert (archive.thermal_cycle[references] == archive.thermal_cycle).all()
    assert (references[archive.is_reference] == rows[archive.is_reference]).all()
    second = archive.is_reference.copy()
    second[5] = True
    references = references_of(replace(archive, is_reference=second))
    assert references[:10].tolist() == [5, 0, 0, 0, 0, 0, 5, 5, 5, 5]


def test_sweeps_without_reference_are_marked(archive):
    none = replace(archive, is_reference=np.zeros(archive.sweep_count, dtype=bool))
    assert (references_of(none) == -1).all()
    assert not build_corpus([none]).compared.any()


def test_bad_traces_are_left_out(archive):
    s = archive.s.copy()
    s[4, 1, 7] = np.nan
    s[5, 2] = 1e20
    corpus = build_corpus([replace(archive, s=s)])
    assert corpus.present[4].tolist() == [True, False, True]
    assert corpus.present[5].tolist() == [True, True, False]
    assert np.isfinite(corpus.ratio).all()


def test_sweeps_without_any_good_trace_are_left_out_and_counted(archive):
    assert left_out_words([archive], build_corpus([archive])) == []
    s = archive.s.copy()
    s[4] = 1e20
    void = replace(archive, s=s)
    corpus = build_corpus([archive, void])
    assert corpus.sweep_count == 2 * archive.sweep_count - 1
    (sentence,) = left_out_words([archive, void], corpus)
    assert sentence.endswith(f"1 of {2 * archive.sweep_count} sweeps")


def test_archives_of_several_runs_go_together(archive, archive_maker):
    other = archive_maker(seed=5, cycles=2)
    both = build_corpus([archive, other])
    assert both.sweep_count == archive.sweep_count + other.sweep_count
    assert np.unique(both.thermal_cycle).size == 8


def test_foreign_band_is_refused(archive):
    form = build_corpus([archive]).form
    shifted = replace(archive, frequency_hz=archive.frequency_hz + 5e9)
    with pytest.raises(TrainingRefusedError, match="covers the model's band"):
        build_corpus([shifted], form)
