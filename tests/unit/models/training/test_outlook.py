"""A new model's closing words: whether it may be promoted, and what would help."""

from models.training.outlook import promotion_words


def report(coverage):
    scores = {"overall": {"coverage_90": coverage}, "per_cycle": {}}
    return {"metrics": {"temperature_k": scores}, "evaluation": {"targets": {}}}


def test_a_model_that_no_gate_refuses_needs_no_word():
    assert promotion_words(report(0.9), 3) == ()


def test_few_cycles_are_told_as_how_many_more_help():
    (sentence,) = promotion_words(report(0.4), 3)
    assert "will refuse this model as it stands (coverage of temperature_k)" in sentence
    assert sentence.endswith("train on at least 5 more thermal cycles")
    assert promotion_words(report(0.4), 7)[0].endswith("1 more thermal cycle")


def test_with_cycles_enough_the_card_is_named():
    (sentence,) = promotion_words(report(0.4), 8)
    assert "its card tells the figures" in sentence
