"""Reading what the model commands are given, with one line on bad input."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from instruments.errors import ForeignFileError
from instruments.files import LabelledArchive, read_archive
from instruments.measurement import MeasurementError
from models.errors import ModelError
from service.cli.exits import BadInputError


@contextmanager
def bad_input_in_one_line() -> Iterator[None]:
    """Turn the errors that a user can mend into exit code 2 and one line."""
    try:
        yield
    except (ForeignFileError, MeasurementError, ModelError) as error:
        raise BadInputError(str(error)) from None


def read_archives(paths: tuple[Path, ...]) -> list[LabelledArchive]:
    """Read labelled archives.

    Raises
    ------
    BadInputError
        If one of them cannot be read.
    """
    with bad_input_in_one_line():
        return [read_archive(path) for path in paths]
