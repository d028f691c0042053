import json

import numpy as np
import pytest

from models.training.split import Split
from models.training.splitting import split_at_random, split_by_cycle, sweep_ids


def test_saved_equals_loaded_and_the_hash_guards_it():
    cycles = np.array([f"c{index // 5}" for index in range(40)])
    moments = np.arange(40.0)
    ids = sweep_ids(np.array(["a"] * 40), cycles, moments)
    split = split_by_cycle(cycles, moments, 3, ids)
    record = json.loads(json.dumps(split.to_record()))
    again = Split.from_record(record)
    assert (again.fold == split.fold).all()
    assert again.sha256 == split.sha256 == record["sha256"]
    order = np.random.default_rng(0).permutation(40)
    shuffled = Split(split.kind, split.fold[order], 5, 3, ids[order])
    assert shuffled.sha256 == split.sha256
    record["fold"][7] = (record["fold"][7] + 1) % 5
    with pytest.raises(ValueError, match="was changed"):
        Split.from_record(record)
    with pytest.raises(ValueError, match="lacks or misspells 'ids'"):
        Split.from_record({"kind": "by_cycle", "fold": [], "fold_count": 1, "seed": 0})


def test_as_many_ids_as_sweeps():
    with pytest.raises(ValueError, match="2 ids for 3 sweeps"):
        split_at_random(3, 0, np.array(["a", "b"]))
