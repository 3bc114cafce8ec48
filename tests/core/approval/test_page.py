"""The page about approval says what is so: its rules are read without a mistake, its calls judged as it shows."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from rookery_core.approval.reading import READERS
from rookery_core.approval.rule_file import read_text
from rookery_core.observe.questions import Questions
from rookery_tui import cli
from rookery_tui.subcommands.stats import table
from tests.core.sandbox.kit import linux, whole

PAGE = (Path(__file__).parents[3] / "docs" / "approval.md").read_text(encoding="utf-8")


def test_its_rules_are_good() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    read_in = read_text(Path("rules.toml"), text)
    assert read_in.mistakes == ()
    assert len(read_in.listed) == 4


def test_it_names_every_program_that_only_reads() -> None:
    listed = " ".join(line.removeprefix("> ") for line in PAGE.splitlines() if line.startswith("> "))
    assert listed.split() == sorted({*READERS, "find"})


@linux
@whole
def test_its_calls_are_judged_as_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROOKERY_HOME", str(tmp_path / "home"))
    (tmp_path / "work" / "src").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    (shown,) = re.findall(r"<!-- try -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    calls = re.split(r"^\$ ", shown, flags=re.MULTILINE)[1:]
    assert len(calls) == 4
    for call in calls:
        command, _, said = call.partition("\n")
        assert cli.main(shlex.split(command)[1:]) == 0
        assert capsys.readouterr().out == said


def test_its_commands_add_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOKERY_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    commands = re.findall(r"^    rookery (rules .*)$", PAGE, re.MULTILINE)
    assert len(commands) == 6
    for command in commands:
        assert cli.main(shlex.split(command, comments=True)) == 0, command


def test_its_counts_have_the_columns_that_there_are() -> None:
    (shown,) = re.findall(r"<!-- stats -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    _, *lines = shown.splitlines()
    tables = [
        *table({"20261129-50a4ad": Questions(), "20261129-ee8a6e": Questions(asked=Counter({("R2", "once"): 1}))})
    ]
    assert lines[0] == tables[0]
    assert lines[5] == tables[5]
