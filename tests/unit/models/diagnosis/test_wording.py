"""Names of labels and flags become the words that people say."""

import pytest

from models.diagnosis.wording import condition_words, phrase, spoken


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("circulator_stray_field", "circulator stray field"),
        ("rf_off", "RF off"),
        ("jpa_flux_jump", "JPA flux jump"),
        ("loose_connector+amplifier_fault", "loose connector and amplifier fault"),
        ("", ""),
    ],
)
def test_a_name_reads_as_in_a_sentence(name, words):
    assert phrase(name) == words


def test_words_that_stand_alone_begin_with_a_capital():
    assert spoken("loose_connector") == "Loose connector"
    assert spoken("rf_off") == "RF off"
    assert condition_words("amplifier_fault") == "Amplifier fault"


def test_unknown_is_said_as_what_it_means():
    assert condition_words("unknown") == "Unlike anything trained"
