"""How words become arguments, and where a task comes from."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path

import pytest

from rookery_core.errors import ConfigError
from rookery_core.text import visible
from rookery_tui.arguments import parse
from rookery_tui.console import Console
from rookery_tui.subcommands.run import task_text
from tests.tui.test_headless import Terminal


def console(stdin: io.StringIO) -> Console:
    return Console(stdin, io.StringIO(), io.StringIO())


def test_without_a_command_it_is_chat() -> None:
    assert parse([]).command == "chat"
    assert parse(["--repl", "--model", "a.gguf"]).repl is True
    assert parse(["--continue"]).continue_last is True


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], None),
        (["--tools", ""], []),
        (["--tools", "none"], []),
        (["--tools", "a"], ["a"]),
        (["--tools", " a, b.c ,"], ["a", "b.c"]),
    ],
)
def test_tools_are_names_between_commas(words: list[str], names: list[str] | None) -> None:
    assert parse(["run", "x", *words]).tools == names


def test_allow_may_be_given_more_than_once() -> None:
    assert parse(["run", "x", "--allow", "write,shell", "--allow", "network"]).allow == ["write", "shell", "network"]
    assert parse(["run", "x"]).allow == []


@pytest.mark.parametrize("words", [["\x1b[2J"], ["run", "x", "--\x9b\u202e"], ["run", "x", "\x1b]0;y\x07"]])
def test_a_usage_error_shows_control_characters_as_escapes(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(words)
    said = capsys.readouterr().err
    assert visible(said) == said


def test_the_task_is_what_is_given() -> None:
    assert task_text("add", console(Terminal())) == "add"


def test_the_task_is_read_where_none_is_given() -> None:
    assert task_text(None, console(io.StringIO("from a pipe\n"))) == "from a pipe"
    assert task_text("-", console(Terminal("typed\n"))) == "typed"


def test_with_stdin_task_and_input_are_one_after_the_other() -> None:
    given = console(io.StringIO("one\ntwo\n"))
    assert task_text("Sum this up:", given, with_stdin=True) == "Sum this up:\n\none\ntwo"
    assert task_text("Sum this up:", console(io.StringIO("")), with_stdin=True) == "Sum this up:"


@pytest.mark.parametrize("task", ["add", ""])
def test_a_task_that_is_given_leaves_the_input_to_the_loop_around_it(task: str) -> None:
    lines = io.StringIO("the next\n")
    with contextlib.suppress(ConfigError):
        assert task_text(task, console(lines)) == task
    assert lines.read() == "the next\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes do not tell there")
def test_only_a_pipe_with_something_in_it_holds_input(tmp_path: Path) -> None:
    def holds(reading: int) -> bool:
        with os.fdopen(reading) as stdin:
            return Console(stdin, io.StringIO(), io.StringIO()).holds_input()

    reading, writing = os.pipe()
    assert not holds(os.dup(reading))
    os.write(writing, b"\n")
    assert holds(os.dup(reading))
    os.read(reading, 1)
    os.close(writing)
    assert not holds(reading)
    (tmp_path / "in").write_text("the list of a loop")
    assert not holds(os.open(tmp_path / "in", os.O_RDONLY))
    assert not holds(os.open(os.devnull, os.O_RDONLY))
    assert not console(io.StringIO("text")).holds_input()


@pytest.mark.parametrize("task", [None, "", "  ", "-"])
def test_no_task_at_all_is_an_error(task: str | None) -> None:
    with pytest.raises(ConfigError, match="there is nothing to do"):
        task_text(task, console(io.StringIO(" \n")))


def test_input_that_is_not_utf8_is_kept_as_escapes(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"\xef\xbb\xbfcaf\xe9")
    with (tmp_path / "in").open(encoding="utf-8") as stream:
        assert task_text(None, Console(stream, io.StringIO(), io.StringIO())) == "caf\\xe9"


def test_a_screen_needs_both_ends_and_a_capable_terminal() -> None:
    screen, pipe = Terminal(), io.StringIO()
    assert Console(screen, screen, screen, "xterm").full_screen
    assert not Console(screen, screen, screen, "dumb").full_screen
    assert not Console(screen, pipe, screen, "xterm").full_screen
    assert not Console(pipe, screen, screen, "xterm").full_screen


def test_run_may_ask_where_input_and_error_are_a_terminal() -> None:
    screen, pipe = Terminal(), io.StringIO()
    assert Console(screen, pipe, screen, "dumb").can_ask
    assert not Console(pipe, screen, screen).can_ask
    assert not Console(screen, screen, pipe).can_ask
