"""Text of a measured file, read up to the limit and no further."""

from pathlib import Path

from instruments.errors import ForeignFileError
from instruments.measurement.limits import MAX_BODY_BYTES


def read_text(source: Path | bytes, name: str) -> str:
    """Return the text of a file or an upload; any byte is a character of Latin-1.

    Raises
    ------
    ForeignFileError
        If the file cannot be read or is larger than the body limit.
    """
    if isinstance(source, bytes):
        content = source
    else:
        try:
            with source.open("rb") as stream:
                content = stream.read(MAX_BODY_BYTES + 1)
        except OSError as error:
            raise ForeignFileError(f"{name}: {error.strerror or error}") from None
    if len(content) > MAX_BODY_BYTES:
        raise ForeignFileError(f"{name}: has more than {MAX_BODY_BYTES} bytes")
    return content.decode("latin-1")
