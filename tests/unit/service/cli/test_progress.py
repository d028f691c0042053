import io
import sys

from service.cli.progress import announce, progress


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


def test_a_line_takes_the_place_of_the_bar(monkeypatch, capsys):
    shown = Terminal()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", shown)
        with progress() as bar:
            bar("the grid", 0.5)
            bar.write("41  estimated")
            bar("the grid", 0.6)
    assert capsys.readouterr().out == "41  estimated\n"
    before, after = shown.getvalue().split("\r\033[K")
    assert "50%" in before
    assert "60%" in after


def test_what_is_under_way_is_said_on_a_terminal_and_nowhere_else(monkeypatch):
    for stderr, said in ((Terminal(), "copying ...\n"), (io.StringIO(), "")):
        monkeypatch.setattr(sys, "stderr", stderr)
        announce("copying")
        assert stderr.getvalue() == said
