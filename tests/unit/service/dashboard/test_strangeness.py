"""Strips of where a sweep is strange."""

from service.dashboard.strangeness import opinion_lines, strangeness_strips


def diagnosis(**scores):
    bands = [[4e9 + 0.25e9 * step, 4.25e9 + 0.25e9 * step] for step in range(16)]
    return {"out_of_distribution": {"contributions": {"bands_hz": bands, **scores}}}


def test_the_twin_has_a_strip_beside_the_other_scores():
    even = {"S21": [1 / 16] * 16}
    peaked = {"S21": [0.01] * 16, "S23": [0.0] * 10 + [0.84] + [0.0] * 5}
    strips = strangeness_strips(diagnosis(t2=even, q=even, twin_chi_square=peaked))
    assert [strip.title.split(",")[0] for strip in strips] == ["T²", "Q", "χ²"]
    assert strips[-1].most == "most of it S23, 6.50 to 6.75 GHz"
    assert max(strips[-1].rows["S23"]) == 1.0
    assert strips[-1].rows["S21"][0] < 0.02


def test_models_without_a_twin_have_none():
    even = {"S21": [1 / 16] * 16}
    assert len(strangeness_strips(diagnosis(t2=even, q=even))) == 2
    assert strangeness_strips(None) == []


def test_a_field_below_nothing_has_a_minus_sign():
    told = {"magnetic_field_tesla": {"p05": -2.31e-4, "p95": 1.46e-3}}
    words = "\N{MINUS SIGN}0.231 to 1.46 mT"
    assert opinion_lines({"second_opinion": told}) == [("B, 90 %", words)]
