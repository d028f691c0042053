"""Networks that learn from a simulated archive first, and the guard over them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.errors import TrainingRefusedError
from models.training import fit, networks, pretraining
from models.training.checkpoints import Checkpoints
from models.training.corpus import build_corpus
from models.training.fit import logits_of
from models.training.networks import learn_networks
from models.training.pretraining import prepare_pretraining
from models.training.pretraining_report import (
    pretraining_lines,
    pretraining_record,
    pretraining_warnings,
)
from models.training.recipe import Recipe
from models.training.splitting import split_by_cycle
from models.training.targets import plan_targets

QUICK = Recipe(
    ratio_components=6,
    level_components=3,
    width=24,
    embedding=16,
    epochs=1,
    least_steps=100,
    batch=64,
)
TARGETS = ("condition", "temperature_k")


def of_one_trace(archive):
    return replace(archive, s=archive.s[:, 1:2], s_parameters=archive.s_parameters[1:2])


@pytest.fixture(scope="module")
def lab(archive_maker):
    return of_one_trace(archive_maker(cycles=2, sweeps=15))


@pytest.fixture(scope="module")
def simulated(archive_maker):
    """Many cycles of the same receiver, none of them the laboratory's."""
    return of_one_trace(archive_maker(start_cycle=50, cycles=6, sweeps=20))


@pytest.fixture(scope="module")
def corpus(lab):
    return build_corpus([lab])


def learnt(corpus, simulated=None, recipe=QUICK, **options):
    plan = plan_targets(corpus, TARGETS)
    split = split_by_cycle(corpus.thermal_cycle, corpus.measured_at, 1)
    given = None
    if simulated is not None:
        given = prepare_pretraining([simulated], corpus, plan)
    found = learn_networks(corpus, plan, split, recipe, pretraining=given, **options)
    return found, given


@pytest.fixture(scope="module")
def plain(corpus):
    return learnt(corpus)[0]


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """Finished members of the pre-trained training, and of the plain one beside it."""
    return Checkpoints.of(tmp_path_factory.mktemp("members"), {"seed": 1})


@pytest.fixture(scope="module")
def pretrained(corpus, simulated, members):
    return learnt(corpus, simulated, checkpoints=members)


def same(first, second, names=None):
    theirs = second.state_dict()
    return all(
        torch.equal(value, theirs[name])
        for name, value in first.state_dict().items()
        if names is None or name.startswith(names)
    )


def test_a_simulated_corpus_has_the_laboratorys_coordinates(corpus, pretrained):
    _, given = pretrained
    assert given.corpus.form is corpus.form
    assert given.corpus.coordinate_inputs is corpus.coordinate_inputs
    assert given.corpus.coordinate_table.shape[1:] == corpus.coordinate_table.shape[1:]
    assert set(given.plan.trained) == set(TARGETS)
    grid = given.plan.densities["temperature_k"]
    known = given.corpus.numbers["temperature_k"]
    places = grid.place(known[np.isfinite(known)])
    assert grid.low <= places.min() < places.max() <= grid.high


def test_a_twin_that_fits_is_kept_and_reads_left_out_cycles_better(
    corpus, plain, pretrained
):
    found, given = pretrained
    kept = found.guarded["temperature_k"]
    assert kept.is_kept
    assert kept.pretrained_loss < kept.plain_loss - 0.3
    assert kept.cycle_count == 2
    architecture = found.served.architecture
    assert "temperature_k" in architecture.pretrained_heads
    assert set(architecture.pretrained_heads) == {
        name for name, each in found.guarded.items() if each.is_kept
    }
    truth = given.plan.densities["temperature_k"].place(corpus.numbers["temperature_k"])
    centres = np.linspace(0, 1, 128)
    grid = given.plan.densities["temperature_k"]

    def error(learnt_networks):
        shares = torch.softmax(
            torch.from_numpy(learnt_networks.held_out.logits["temperature_k"]), dim=1
        ).numpy()
        read = grid.low + (grid.high - grid.low) * (shares @ centres)
        return np.sqrt(np.mean((read - truth)[corpus.compared.any(axis=1)] ** 2))

    assert error(found) < 0.7 * error(plain)


def test_networks_without_it_stay_as_they_are_to_the_last_bit(plain, pretrained):
    found, _ = pretrained
    assert plain.guarded == {}
    assert plain.served.architecture.pretrained_heads == ()
    assert same(plain.served.ratio, found.served.ratio)
    assert same(plain.served.level, found.served.level)
    if found.served.receiver is not None:
        assert same(found.served.receiver.encoder, plain.served.receiver.encoder)


def test_what_the_guard_does_not_keep_leaves_the_plain_networks(
    corpus, simulated, plain, members, pretrained, monkeypatch
):
    judge = networks.judge_head

    def never(*given):
        return replace(judge(*given), is_kept=False)

    monkeypatch.setattr(networks, "judge_head", never)
    found, _ = learnt(corpus, simulated, checkpoints=members)
    assert found.guarded.keys() == pretrained[0].guarded.keys()
    assert same(found.served, plain.served)
    assert all(
        np.array_equal(found.held_out.logits[name], plain.held_out.logits[name])
        for name in TARGETS
    )


def test_two_towers_answer_as_each_does_alone(plain, pretrained, corpus):
    found, _ = pretrained
    kept = found.served.architecture.pretrained_heads
    logits, own = logits_of(found.served, corpus), logits_of(plain.served, corpus)
    for name in TARGETS:
        assert np.array_equal(logits[name], own[name]) is (name not in kept)


def test_with_few_cycles_the_networks_themselves_are_not_fine_tuned(
    corpus, simulated, monkeypatch, pretrained
):
    found, given = pretrained
    assert not given.is_fine_tuned
    (sentence,) = pretraining_warnings(given, found.guarded)
    assert sentence.startswith("fewer than 15 thermal cycles")
    monkeypatch.setattr(pretraining, "LEAST_CYCLES_TO_FINE_TUNE", 2)
    tuned = prepare_pretraining([simulated], corpus, plan_targets(corpus, TARGETS))
    assert tuned.is_fine_tuned
    assert pretraining_warnings(tuned, found.guarded) == ()
    hidden = np.zeros((1, corpus.sweep_count), dtype=np.bool_)
    stayed, moved = (
        fit.fit_ensemble(corpus, each.plan, hidden, 1, QUICK, pretraining=each)
        for each in (given, tuned)
    )
    assert not same(moved.receiver, stayed.receiver)


def test_a_shrunk_kernel_bends_the_twins_answer_to_the_laboratory(
    corpus, simulated, lab
):
    """A thermometer that reads a third too high is learnt from few sweeps."""
    off = replace(lab, temperature_k=np.minimum(1.35 * lab.temperature_k, 230.0))
    moved = build_corpus([off])
    plan = plan_targets(moved, ("temperature_k",))
    split = split_by_cycle(moved.thermal_cycle, moved.measured_at, 1)
    given = prepare_pretraining([simulated], moved, plan)
    ensemble = fit.fit_ensemble(
        moved,
        given.plan,
        split.held_out(),
        1,
        QUICK,
        kernels=None,
        pretraining=given,
    )
    rows = np.arange(moved.sweep_count)
    grid = plan.densities["temperature_k"]
    truth = (grid.place(moved.numbers["temperature_k"]) - grid.low) / (
        grid.high - grid.low
    )
    errors = []
    for one in (ensemble, fit.only_kernels(ensemble, ())):
        logits = logits_of(one, moved)["temperature_k"][split.fold, rows]
        read = (logits.argmax(axis=1) + 0.5) / 128
        errors.append(np.median((read - truth)[moved.compared.any(axis=1)]))
    assert abs(errors[0]) < 0.5 * abs(errors[1])


def test_one_cycle_judges_nothing_and_says_so(archive_maker, simulated, monkeypatch):
    alone = build_corpus([of_one_trace(archive_maker(cycles=1, sweeps=20))])
    fitted = []

    def noted(corpus, plan, hidden, *given, pretraining, **options):
        fitted.append(pretraining)
        return fit.fit_ensemble(corpus, plan, hidden, *given, **options)

    monkeypatch.setattr(networks, "fit_ensemble", noted)
    found, given = learnt(alone, simulated, replace(QUICK, least_steps=4))
    assert found.guarded == {}
    assert set(fitted) == {None}
    (sentence,) = pretraining_warnings(given, found.guarded)
    assert "needs two thermal cycles" in sentence


def test_a_stopped_pretraining_goes_on_where_it_was(
    corpus, simulated, members, pretrained, monkeypatch
):
    def never(*_given, **_options):
        raise AssertionError("a finished member is fitted again")

    monkeypatch.setattr(fit, "_fit_member", never)
    again, _ = learnt(corpus, simulated, checkpoints=members)
    assert same(again.served, pretrained[0].served)


def test_a_record_is_worded_a_line_a_head(pretrained):
    found, given = pretrained
    record = pretraining_record(given, found.guarded)
    assert record["sweeps"] == 240
    lines = list(pretraining_lines(record))
    assert len(lines) == 2
    assert any(line.startswith("temperature_k: pre-training kept") for line in lines)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frequency_hz": np.linspace(1e9, 2e9, 401)}, "covers the model's band"),
        ({"s_parameters": ("S12",)}, "covers the model's band"),
        ({"thermal_cycle": np.arange(240).astype(str)}, "no sweep .* has a reference"),
        ({"temperature_k": None, "condition": None}, "a label of condition or"),
    ],
)
def test_an_archive_that_teaches_nothing_is_refused(corpus, simulated, changes, words):
    plan = plan_targets(corpus, TARGETS)
    with pytest.raises(TrainingRefusedError, match=words):
        prepare_pretraining([replace(simulated, **changes)], corpus, plan)
