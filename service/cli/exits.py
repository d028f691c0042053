"""How a command ends: 0 on success, 2 on bad input, 1 on any other failure."""

import json
from typing import IO, Any
from urllib.parse import urlsplit

import click


class BadInputError(click.ClickException):
    """Bad usage or bad input: one line that names the thing and the mend."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the one line on stderr."""
        click.echo(f"halowatch: {self.format_message()}", file=file, err=file is None)


class CommandFailedError(click.ClickException):
    """Any other failure: one line."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the one line on stderr."""
        click.echo(f"halowatch: {self.format_message()}", file=file, err=file is None)


def check_url(url: str) -> None:
    """Refuse an address of the service that is no root of one.

    Raises
    ------
    BadInputError
        If it has no http scheme or no host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInputError(f"--url: {url} is no http://HOST:PORT")


def print_json(document: Any) -> None:
    """Print one JSON document on stdout and nothing else.

    Raises
    ------
    ValueError
        If the document holds NaN or infinity, which JSON does not know.
    """
    click.echo(json.dumps(document, allow_nan=False, indent=2))
