"""A mistake with its place: the path of keys that leads to it."""

from instruments.errors import ArrayConfigError

Path = tuple[str, ...]
"""Keys from the root of a section to a value, list indices as text."""


class MisfitError(ArrayConfigError):
    """Two parts of the array file do not fit together.

    Parameters
    ----------
    path
        Keys that lead to the place, from the section whose check has failed.
    sentence
        What is wrong there, and the mend.

    Attributes
    ----------
    path, sentence
        As given; the line is found from the path.
    """

    def __init__(self, path: Path, sentence: str) -> None:
        super().__init__(f"{'.'.join(path)}: {sentence}" if path else sentence)
        self.path = path
        self.sentence = sentence
