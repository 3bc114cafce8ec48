"""Whether a folder is trusted is asked before anything of it is looked at: at the full screen, the prompt, or not at all."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from rookery_core.events import QuestionAsked
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
from rookery_core.trust import Trust
from rookery_tui import cli
from rookery_tui.arguments import parse
from rookery_tui.doorstep import Doorstep
from rookery_tui.exits import Exit
from rookery_tui.repl import repl
from rookery_tui.starting import Resume, maker
from tests.core.conftest import answer
from tests.tui.app_kit import Desk, chat_text, ready, said_and_done, screen_text, shown, the_app, until
from tests.tui.test_repl import piped, prompt


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    (tmp_path / "boats").mkdir()
    monkeypatch.setenv("ROOKERY_HOME", str(made))
    monkeypatch.chdir(tmp_path / "boats")
    return made


def doorstep(home: Path, **given: Any) -> Doorstep:
    return Doorstep(Trust(home / "trusted.json"), Path("."), home, **given)


def said(answer: str | None, asked: list[QuestionAsked] | None = None) -> Any:
    async def ask(question: QuestionAsked) -> str | None:
        if asked is not None:
            asked.append(question)
        return answer

    return ask


@pytest.mark.parametrize(("answer", "trusted"), [("yes", True), ("no", False), (None, False)])
async def test_only_yes_is_yes_and_it_is_remembered(home: Path, answer: str | None, trusted: bool) -> None:
    door = doorstep(home)
    assert (door.trusted, door.asks) == (False, True)
    asked: list[QuestionAsked] = []
    await door.ask(said(answer, asked))
    assert (door.trusted, door.asks, bool(door.remarks)) == (trusted, False, not trusted)
    assert os.path.realpath(".") in asked[0].question
    assert asked[0].tool == ""
    assert doorstep(home).trusted is trusted


def test_what_was_said_with_the_command_holds_for_this_start(home: Path) -> None:
    assert (doorstep(home, given=True).trusted, doorstep(home, given=True).asks) == (True, False)
    assert not doorstep(home).trusted


async def test_what_cannot_be_remembered_holds_for_this_start_and_is_said(home: Path) -> None:
    (home / "trusted.json").write_text("{")
    door = doorstep(home)
    assert "trusted.json" in door.question.question
    await door.ask(said("yes"))
    assert door.trusted
    assert "is not remembered" in door.remarks[0]


def test_the_question_warns_of_a_home_folder_and_of_one_that_was_exchanged(home: Path) -> None:
    asked = Doorstep(Trust(home / "trusted.json"), home, home).question.question
    assert "! This is your home folder" in asked
    Trust(home / "trusted.json").add(Path("."))
    os.rename("../boats", "../before")
    os.mkdir("../boats")
    os.chdir("../boats")
    assert "! Another folder was at this place when you trusted it." in doorstep(home).question.question


# -- at the full screen -----------------------------------------------------------------------------------------------


def app_at(home: Path, door: Doorstep, *script: str) -> tuple[Desk, Any]:
    desk = Desk(home, script)
    made = desk.app(doorstep=door)
    return desk, made


async def test_the_full_screen_asks_first_and_makes_nothing_before(home: Path) -> None:
    _, app = app_at(home, door := doorstep(home), "Thought: so\nAnswer: hello to you")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Do you trust this folder" in screen_text(pilot.app.screen))
        assert the_app(pilot).conversation is None
        assert not (home / "rookery.db").exists()
        await pilot.press("n")
        await ready(pilot)
        assert "tools there only compute" in chat_text(pilot)
        await said_and_done(pilot, "hello")
        assert "hello to you" in chat_text(pilot)
    assert not door.trusted
    assert not doorstep(home).trusted


async def test_yes_at_the_full_screen_is_asked_once(home: Path) -> None:
    _, app = app_at(home, doorstep(home))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Do you trust this folder" in screen_text(pilot.app.screen))
        await pilot.press("y")
        await ready(pilot)
        assert "tools there only compute" not in chat_text(pilot)
    _, app = app_at(home, doorstep(home))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert " · offline" in shown(the_app(pilot).main.query_one("#meter"))


async def test_one_may_leave_without_an_answer(home: Path) -> None:
    _, app = app_at(home, doorstep(home))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Do you trust this folder" in screen_text(pilot.app.screen))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not pilot.app.is_running or pilot.app._exit)
    assert not (home / "rookery.db").exists()


# -- at the prompt, and where nobody is -------------------------------------------------------------------------------


def made_at(home: Path, door: Doorstep, *script: str) -> Any:
    arguments = parse(["chat", "--repl", "--no-plugins"])
    real = maker(arguments, Paths.find({"ROOKERY_HOME": str(home)}), door)

    def make(approver: Any, answerer: Any = None) -> Any:
        from rookery_tui import starting

        before = starting.build
        starting.build = lambda *given, **named: before(*given, **{**named, "model": ScriptedModel(script)})
        try:
            return real(approver, answerer)
        finally:
            starting.build = before

    return make


async def test_the_plain_prompt_asks_in_a_line(home: Path) -> None:
    for keys, trusted in (("n\r/tools\r", False), ("y\r/tools\r", True)):
        out, err = io.StringIO(), io.StringIO()
        with prompt(keys + "\x04") as (lines, _):
            assert await repl(made_at(home, doorstep(home)), lines, out, err, Resume(), doorstep=doorstep(home)) == 0
        assert "Do you trust this folder" in out.getvalue()
        assert ("is not trusted" in err.getvalue()) is not trusted


async def test_where_nobody_can_be_asked_it_is_not_trusted_and_that_is_said(home: Path) -> None:
    door, out, err = doorstep(home), io.StringIO(), io.StringIO()
    make = made_at(home, door, answer("yes, all the same"))
    assert await repl(make, piped("hello\n"), out, err, Resume(), doorstep=door) == 0
    assert "is not trusted: tools there only compute" in err.getvalue()
    assert "yes, all the same" in out.getvalue()
    assert "Do you trust" not in out.getvalue()


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(list(words))
    done = capsys.readouterr()
    return code, done.out, done.err


def test_a_tool_that_is_called_by_hand_needs_it_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.txt").write_text("aye")
    call = ("tools", "call", "read_file", '{"path": "a.txt"}')
    code, out, err = called(capsys, *call)
    assert (code, out) == (Exit.USAGE, "")
    assert "is not trusted" in err
    assert called(capsys, "tools", "call", "calculator", '{"expression": "1 + 1"}')[:2] == (Exit.OK, "2\n")
    assert called(capsys, *call, "--trust")[:2] == (Exit.OK, "aye\n")
    assert called(capsys, *call)[0] == Exit.USAGE  # that was for once
    assert called(capsys, "trust", "add")[0] == Exit.OK
    assert called(capsys, *call)[:2] == (Exit.OK, "aye\n")


def test_trust_is_listed_given_and_taken_back(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = os.path.realpath(".")
    assert "You trust no folder yet" in called(capsys, "trust", "list")[1]
    assert called(capsys, "trust", "add", "..", "--below")[1] == f"{os.path.dirname(here)} and all below it\n"
    assert called(capsys, "trust", "add")[1] == f"{here}\n"
    assert called(capsys, "trust", "list")[1].splitlines() == [f"{os.path.dirname(here)} and all below it", here]
    listed = json.loads(called(capsys, "trust", "list", "--json")[1])
    assert [(each["below"], each["holds"]) for each in listed] == [(True, True), (False, True)]
    assert called(capsys, "trust", "remove")[:2] == (Exit.OK, f"trusted no longer: {here}\n")
    code, _, err = called(capsys, "trust", "remove")
    assert (code, f"{os.path.dirname(here)} is, with all below it" in err) == (Exit.USAGE, True)
    assert called(capsys, "trust", "add", "nowhere")[0] == Exit.USAGE
    assert (
        "home folder" in called(capsys, "trust", "add", "/")[2]
        or "whole file system" in called(capsys, "trust", "add", "/")[2]
    )
