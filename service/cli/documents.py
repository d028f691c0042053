"""Writing what a command found to a file, with one line where that cannot be."""

import json
from pathlib import Path
from typing import Any

from service.cli.exits import BadInputError


def check_folder(path: Path | None) -> None:
    """Refuse a file to write whose folder is missing, before any work is done.

    Raises
    ------
    BadInputError
        Naming the file.
    """
    if path is not None and not path.parent.is_dir():
        raise BadInputError(f"{path}: there is no such folder; name another path")


def write_document(path: Path, document: Any) -> None:
    """Write a document as JSON.

    Raises
    ------
    BadInputError
        If the file cannot be written.
    """
    try:
        path.write_text(json.dumps(document, allow_nan=False))
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}; name another path") from None
