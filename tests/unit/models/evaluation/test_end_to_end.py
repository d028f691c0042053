"""From 600 labelled sweeps to a model, its judgement of new cycles, and its rank."""

import time

import numpy as np
import pytest

from models.baselines.entries import BASELINES
from models.evaluation.evaluate import GROUPED, LEAKY, NETWORK, evaluate_model
from models.serving.predictor import Predictor
from models.training.train import train_model


@pytest.mark.slow
@pytest.mark.no_cover
def test_six_hundred_sweeps(archive_maker, recipe, tmp_path):
    begun_s = time.process_time()
    learnt = archive_maker(cycles=8, sweeps=24, points=401)
    new = archive_maker(cycles=9, sweeps=12, points=401, start_cycle=40)
    assert learnt.sweep_count + new.sweep_count == 600
    targets = ("temperature_k", "condition")
    train_model([learnt], tmp_path / "model", recipe=recipe, targets=targets)
    told = Predictor.load(tmp_path / "model").diagnose_archive(new)
    document = evaluate_model(tmp_path / "model", new, recipe=recipe)
    print(
        f"\n{time.process_time() - begun_s:.0f} s of processor time, 60 s are allowed"
    )
    assert len(told) == new.sweep_count
    temperature = document["targets"]["temperature_k"]
    assert set(temperature["baselines"]) == set(BASELINES)
    order = [one["name"] for one in temperature["ranking"]["order"]]
    assert NETWORK in order
    assert order.index(NETWORK) < order.index("predict_mean")
    condition = document["targets"]["condition"]
    said = [one.condition.label for one in told]
    healthy = new.condition == "healthy"
    share = np.mean(np.array(said)[healthy & ~new.is_reference] == "healthy")
    assert share > 0.8
    assert condition["model"]["overall"]["balanced_accuracy"] > 0.9
    for row in temperature["baselines"].values():
        assert {GROUPED, LEAKY} == set(row)
