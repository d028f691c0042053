from models.evaluation.gates import GateOutcome, judge_latency, judge_report

GROUPED = "held_out_by_cycle"


def scores(overall, ranked=None):
    found = {"headline": "rms_error_dex", "overall": {"rms_error_dex": overall}}
    if ranked is not None:
        found["ranked"] = {"sweeps": 10, "rms_error_dex": ranked}
    return found


def gate_of(model, baseline):
    target = {"model": model, "baselines": {"pca30_ridge": {GROUPED: baseline}}}
    report = {"evaluation": {"targets": {"temperature_k": target}}}
    gates = {gate.name: gate for gate in judge_report(report, grouped=GROUPED)}
    return gates["baselines on temperature_k"]


def test_models_are_held_to_what_ranks_not_to_faulty_sweeps():
    """A baseline that is poor on faulty sweeps only is no poor baseline."""
    found = gate_of(scores(0.3, ranked=0.2), scores(0.9, ranked=0.1))
    assert found.outcome is GateOutcome.FAILED
    assert "pca30_ridge" in found.detail
    better = gate_of(scores(0.9, ranked=0.05), scores(0.3, ranked=0.1))
    assert better.outcome is GateOutcome.PASSED


def test_scores_that_few_cycles_cannot_tell_apart_decide_nothing():
    def spread(value, low, high):
        found = scores(value, ranked=value)
        found["ranked"]["interval_90"] = [low, high]
        return found

    apart = gate_of(spread(0.3, 0.28, 0.32), spread(0.2, 0.18, 0.22))
    assert apart.outcome is GateOutcome.FAILED
    alike = gate_of(spread(0.3, 0.2, 0.4), spread(0.25, 0.2, 0.3))
    assert alike.outcome is GateOutcome.UNKNOWN
    assert "more cycles would tell" in alike.detail


def test_an_evaluation_without_ranked_scores_is_read_overall():
    assert gate_of(scores(0.3), scores(0.2)).outcome is GateOutcome.FAILED
    assert gate_of(scores(0.1), scores(0.2)).outcome is GateOutcome.PASSED


def test_a_class_head_that_only_guesses_is_refused_however_few_cycles_there_are():
    def accuracy(value):
        found = {"balanced_accuracy": value, "interval_90": [0.0, 0.9]}
        return {"headline": "balanced_accuracy", "overall": found, "ranked": found}

    def gate(value):
        others = {"predict_mean": {GROUPED: accuracy(0.25)}}
        target = {"model": accuracy(value), "baselines": others}
        report = {"evaluation": {"targets": {"condition": target}}}
        (found,) = [
            gate
            for gate in judge_report(report, grouped=GROUPED)
            if gate.name == "baselines on condition"
        ]
        return found

    assert gate(0.11).outcome is GateOutcome.FAILED
    assert "no better than guessing (0.25)" in gate(0.11).detail
    assert gate(0.5).outcome is GateOutcome.PASSED


def test_one_slow_judgement_of_few_decides_nothing():
    assert judge_latency([]).outcome is GateOutcome.UNKNOWN
    few = judge_latency([0.003] * 6 + [0.5])
    assert few.outcome is GateOutcome.UNKNOWN
    assert "500.0 ms" in few.detail
    assert "20 wide sweeps" in few.detail
    assert judge_latency([0.003] * 39 + [0.5]).outcome is GateOutcome.PASSED
    assert judge_latency([0.003] * 17 + [0.5] * 3).outcome is GateOutcome.FAILED
