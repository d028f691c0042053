"""A bar on the terminal for whatever takes more than a moment."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

_BAR_STEPS = 1000
_CLEARED = "\r\033[K"


class Bar:
    """What is done, and the share of the whole, on the terminal; nothing elsewhere.

    Parameters
    ----------
    bar
        None where stderr is no terminal.
    """

    def __init__(self, bar: "ProgressBar[Any] | None") -> None:
        self._bar = bar

    def __call__(self, what: str, share: float) -> None:
        """Show how far it is."""
        if self._bar is not None:
            self._bar.update(round(share * _BAR_STEPS) - self._bar.pos, what)

    def write(self, line: str) -> None:
        """Write a line of the outcome on stdout, in the place of the bar."""
        if self._bar is not None:
            click.echo(_CLEARED, nl=False, err=True)
        click.echo(line)


@contextmanager
def progress() -> Iterator[Bar]:
    """Show a bar on the terminal, on stderr so that stdout stays a document."""
    if not sys.stderr.isatty():
        yield Bar(None)
        return
    with click.progressbar(
        length=_BAR_STEPS, file=sys.stderr, item_show_func=lambda item: item or ""
    ) as bar:
        yield Bar(bar)


def announce(what: str) -> None:
    """Say on the terminal what is under way where nothing tells how far it is."""
    if sys.stderr.isatty():
        click.echo(f"{what} ...", err=True)
