"""What a person calls labels and flags: the same on pages, in alerts and terminals."""

from models.diagnosis.classification import UNKNOWN

_ABBREVIATIONS = {
    "rf": "RF",
    "vna": "VNA",
    "hemt": "HEMT",
    "jpa": "JPA",
    "nbti": "NbTi",
}


def phrase(name: str) -> str:
    """Write a name such as ``rf_off`` as in the middle of a sentence.

    Two faults at once, joined by ``+``, are joined by "and".
    """
    words = name.replace("+", " and ").replace("_", " ").split()
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)


def spoken(name: str) -> str:
    """Write a name such as ``loose_connector`` as words that stand alone."""
    words = phrase(name)
    return words[:1].upper() + words[1:]


def condition_words(label: str) -> str:
    """Write the label of a verdict; ``unknown`` is one too."""
    return "Unlike anything trained" if label == UNKNOWN else spoken(label)
