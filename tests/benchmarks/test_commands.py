"""The benchmark that judges commands in small, with what may be copied of its data."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.security.commands import ALLOWED, WRAPPERS, Judge, allow, deny, friction, injections

from rookery_core.approval.reading import READERS
from rookery_core.approval.rules import Do
from rookery_core.approval.shell_text import parse

DATA = Path(__file__).parents[1] / "data" / "security"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "a.txt").touch()
    return tmp_path


def test_of_the_injections_none_runs_by_itself_and_none_starts_more_than_it_was_put_into(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (DATA / "command-injection.txt").read_text().splitlines()
    assert len(lines) > 490
    assert injections(lines, Judge(root), 0) == 0
    assert "0 of " in capsys.readouterr().out


def test_commands_that_people_write_raise_nothing_and_those_that_only_read_run(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = (DATA / "nl2bash.txt").read_text().splitlines()
    assert len(commands) > 300
    exceptions, _ = friction("nl2bash", commands, Judge(root), 0)
    assert exceptions == 0
    judge = Judge(root)
    free = [command for command in commands if judge(command).do is Do.ALLOW]
    assert 0.1 < len(free) / len(commands) < 0.3
    started = {each.words[0] for command in free for each in parse(command).commands}
    assert started <= {*READERS, "find"}
    words = {word for command in free for word in command.split()}
    assert not words & {"-exec", "-execdir", "-ok", "-delete", "-fprint", "--output"}


@pytest.mark.parametrize("how", WRAPPERS)
def test_an_allowed_command_that_was_made_into_something_else_asks_or_is_refused(root: Path, how: str) -> None:
    judge = Judge(root, map(allow, ALLOWED))
    plain = [text.removesuffix(" ...") for text in ALLOWED]
    assert (len(ALLOWED), len(WRAPPERS)) == (20, 40)
    assert all(judge(command).do is Do.ALLOW for command in plain)
    assert [made for command in plain if judge(made := WRAPPERS[how](command)).do is Do.ALLOW] == []


@pytest.mark.parametrize("count", [1, 50, 51, 1_000, 20_000])
def test_no_number_of_commands_hides_one_that_is_denied(root: Path, count: int) -> None:
    judge = Judge(root, [allow("git status"), deny("curl")])
    assert judge("; ".join(["git status"] * count + ["curl x"])).do is Do.DENY
    assert judge("; ".join(["curl x"] + ["git status"] * count)).do is Do.DENY


@pytest.mark.parametrize("text", ["x" * 1_000_000, "'" * 1_000_000, "$(" * 500_000, "ls " * 300_000, "<<a " * 8_000])
def test_a_text_of_a_megabyte_asks(root: Path, text: str) -> None:
    assert Judge(root)(text).do is Do.ASK
