"""A bar on the terminal for whatever takes more than a moment."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

_BAR_STEPS = 1000


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Show a bar on the terminal, on stderr so that stdout stays a document.

    Yields
    ------
    callable
        Takes what was done, and the share of the whole; it shows nothing where stderr
        is no terminal.
    """
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    with click.progressbar(
        length=_BAR_STEPS, file=sys.stderr, item_show_func=lambda item: item or ""
    ) as bar:

        def tell(what: str, share: float) -> None:
            bar.update(round(share * _BAR_STEPS) - bar.pos, what)

        yield tell
