"""Errors as an instrument reports them."""


class ScpiFault(Exception):  # noqa: N818 - SCPI calls it an error of the device
    """A command that was refused; it goes into the error queue.

    Attributes
    ----------
    number
        Negative number of the SCPI standard: -1xx command, -2xx execution,
        -3xx device, -4xx query.
    sentence
        The standard's text, and the device's own after a semicolon.
    """

    def __init__(self, number: int, text: str, detail: str = "") -> None:
        self.number = number
        self.sentence = f"{text};{detail}" if detail else text
        super().__init__(f"{number},{self.sentence}")
