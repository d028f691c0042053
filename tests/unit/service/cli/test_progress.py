import io
import sys

from service.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(monkeypatch):
    for stderr in (Terminal(), io.StringIO()):
        monkeypatch.setattr(sys, "stderr", stderr)
        with progress() as tell:
            tell("echoes", 0.5)
            tell("every point", 1.0)
        shown = stderr.getvalue()
        assert ("echoes" in shown and "100%" in shown) == stderr.isatty()
        assert bool(shown) == stderr.isatty()
