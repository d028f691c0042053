from dataclasses import replace

import numpy as np
import pytest

from models.errors import TrainingRefusedError
from models.training.form import form_of


def test_mode_is_masked(archive):
    form = form_of([archive])
    centre = 4e9 + (np.arange(form.kept.size) + 0.5) * 4e9 / form.kept.size
    assert not form.kept[np.abs(centre - 5.1e9) < 15e6].any()
    assert form.kept.mean() > 0.9


def test_different_traces_do_not_go_together(archive):
    other = replace(archive, s=archive.s[:, :2], s_parameters=("S21", "S11"))
    with pytest.raises(TrainingRefusedError, match="different traces"):
        form_of([archive, other])
