from dataclasses import replace

import numpy as np

from models.evaluation.strangers import score_strangers
from models.serving.folder import load_model
from models.training.corpus import build_corpus
from models.training.targets import TargetPlan


def test_labels_that_were_never_learnt_are_counted(model_folder, new_cycles):
    model = load_model(model_folder).model
    wild = np.random.default_rng(5).normal(size=new_cycles.s.shape)
    condition = new_cycles.condition.astype("U12")
    strange = np.arange(condition.size) % 7 == 0
    condition[strange] = "woodpecker"
    s = np.where(strange[:, None, None], wild + 1j * wild[::-1], new_cycles.s)
    archive = replace(new_cycles, condition=condition, s=s.astype(np.complex64))
    corpus = build_corpus([archive], model.form)
    plan = TargetPlan(classes=dict(model.classes))
    found = score_strangers(model, corpus, plan)
    assert set(found) == {"condition"}
    told = found["condition"]["woodpecker"]
    assert told["sweeps"] == int((corpus.classes["condition"] == "woodpecker").sum())
    assert told["unknown_share"] > 0.9


def test_nothing_is_said_where_all_labels_are_known(model_folder, new_cycles):
    model = load_model(model_folder).model
    corpus = build_corpus([new_cycles], model.form)
    plan = TargetPlan(classes=dict(model.classes))
    assert score_strangers(model, corpus, plan) == {}
