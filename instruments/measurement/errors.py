"""The one error of the vocabulary: a value that is not a measurement."""


class MeasurementError(ValueError):
    """A field of a sweep, plan or reading holds what it must not hold.

    Attributes
    ----------
    field
        Name of the offending field, as in the sweep message.
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field
