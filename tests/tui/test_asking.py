"""What a running tool asks in plain lines: at the prompt, at a terminal beside an answer's stream, and of nobody."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rookery_core.events import ApprovalRequested, Decision, QuestionAsked
from rookery_core.plugin import Risk, Tool, ToolContext, tool
from rookery_core.testing import ScriptedModel
from rookery_tui.asking import Asking
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.subcommands.run import asked_at
from tests.core.conftest import Lab, act, answer
from tests.tui.test_headless import Terminal, drive
from tests.tui.test_repl import CTRL_C, CTRL_D, Desk, piped, prompt


def asking(*choices: str, question: str = "Which one?") -> Tool:
    """A tool that asks, and returns the answer."""

    @tool(risk=Risk.PURE)
    def pick(ctx: ToolContext) -> str:
        """Asks."""
        return f"picked {ctx.person.ask(question, choices)}"

    return pick


@tool(risk=Risk.PURE, name="pick")
def confirms(ctx: ToolContext) -> str:
    """Asks for a yes."""
    return f"confirmed {ctx.person.confirm('Go on?')}"


PICKS = [act("pick", "{}", "I ask."), answer("Ready.", "So.")]
NOBODY = "nobody answered the question: Which one?"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def asked(*choices: str, question: str = "Which?") -> QuestionAsked:
    return QuestionAsked(call_id="1", tool="kit.pick", question=question, choices=choices)


async def told(desk: Desk, made: Tool, keys: str) -> str:
    """What is printed where a tool asks and these keys are typed."""
    desk.tools = (made,)
    return await desk.type(f"go\r{keys}/quit\r", PICKS)


# -- at the prompt ------------------------------------------------------------------------------------------------


async def test_the_question_is_a_tools_and_shows_its_choices(desk: Desk) -> None:
    shown = await told(desk, asking("red", "blue\nsky\x1b[2J", question="Which colour?\nFor print."), "1\r")
    assert (
        "question    Which colour? For print.\n\n"
        "tool       kit.pick\nasks\n  Which colour?\n  For print.\n  1  red\n  2  blue\\u{a}sky\\u{1b}[2J\n"
        "question    answered: red\n"
        "observation picked red\n"
    ) in shown


@pytest.mark.parametrize(
    ("keys", "given"),
    [
        ("2\r", "picked Green"),
        ("GREEN\r", "picked Green"),
        ("gree\r", "picked Green"),
        ("grey\r", "picked grey"),
        (" 1 \r", "picked red"),
        ("gre\r9\rblack\r3\r", "picked grey"),
        ("\r", f"failed: {NOBODY}"),
        (CTRL_C, f"failed: {NOBODY}"),
        (CTRL_D, f"failed: {NOBODY}"),
        (f"gre\r{CTRL_D}", f"failed: {NOBODY}"),
    ],
)
async def test_a_choice_is_given_by_its_number_or_its_beginning(desk: Desk, keys: str, given: str) -> None:
    shown = await told(desk, asking("red", "Green", "grey"), keys)
    assert f"observation {given}\n" in shown
    assert shown.count("Please answer with one of these.") == max(0, keys.count("\r") + keys.count(CTRL_D) - 1)
    assert shown.endswith("Ready.\n")


@pytest.mark.parametrize(
    ("keys", "given"), [("y\r", True), ("Yes\r", True), ("n\r", False), ("\r", False), ("1\rno\r", False)]
)
async def test_yes_and_no_have_their_letters(desk: Desk, keys: str, given: bool) -> None:
    shown = await told(desk, confirms, keys)
    assert "  y  yes\n  n  no\n" in shown
    assert f"observation confirmed {given}\n" in shown


@pytest.mark.parametrize(("keys", "given"), [("2\r", "2"), ("1\r", "1"), ("3\r\r", None), ("5\r", "5 or more")])
async def test_choices_that_are_numbers_are_meant_by_what_they_say(desk: Desk, keys: str, given: str | None) -> None:
    shown = await told(desk, asking("2", "1", "5 or more"), keys)
    assert "\n  2\n  1\n  5 or more\n" in shown
    assert f"observation {f'picked {given}' if given else f'failed: {NOBODY}'}\n" in shown


@pytest.mark.parametrize(("keys", "given"), [(" my file \r", "my file"), ("\r", None), (CTRL_C, None)])
async def test_any_text_is_an_answer_where_there_are_no_choices(desk: Desk, keys: str, given: str | None) -> None:
    shown = await told(desk, asking(), keys)
    assert f"observation {f'picked {given}' if given else f'failed: {NOBODY}'}\n" in shown


async def test_through_a_pipe_nobody_is_asked(desk: Desk) -> None:
    desk.tools = (asking("a", "b"),)
    shown = await desk.pipe("go\na\n/quit\n", [*PICKS, answer("You said a.")])
    assert f"question    Which one?\nquestion    not answered\nobservation failed: {NOBODY}\n" in shown
    assert shown.endswith("You said a.\n")


async def test_a_question_is_told_without_the_trace_too(desk: Desk) -> None:
    desk.tools = (asking("a", "b"),)
    shown = await desk.type("go\r1\r/quit\r", PICKS, trace=False)
    assert shown == "\ntool       kit.pick\nasks\n  Which one?\n  1  a\n  2  b\nReady.\n"


# -- one terminal -------------------------------------------------------------------------------------------------


async def test_two_questions_at_once_are_asked_one_after_the_other() -> None:
    out = io.StringIO()
    with prompt("b\ra\r") as (lines, _):
        person = Asking(lines, out)
        given = await asyncio.gather(
            person.answer(asked("a", "b", question="first?")), person.answer(asked("a", "b", question="second?"))
        )
    assert given == ["b", "a"]
    assert out.getvalue().index("first?") < out.getvalue().index("second?")


async def test_a_question_that_is_withdrawn_leaves_the_terminal_to_the_next() -> None:
    with prompt("") as (lines, pipe):
        person = Asking(lines, io.StringIO())
        first = asyncio.create_task(person.answer(asked()))
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait([first])
        second = asyncio.create_task(person.answer(asked()))
        await asyncio.sleep(0.05)
        pipe.send_text("mine\r")
        assert await second == "mine"


async def test_the_end_of_the_input_is_no_answer() -> None:
    person = Asking(piped("maybe\n", io.StringIO()), io.StringIO())
    assert await person.answer(asked("a", "b")) is None


class Screen(Terminal):
    """A terminal at which a person answers each question once it is shown."""

    def __init__(self, answer: Callable[[str], object], *questions: str) -> None:
        super().__init__()
        self._answer = answer
        self._questions = list(questions)

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._questions and self._questions[0] in text:
            self._answer(self._questions.pop(0))
        return written


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
async def test_run_asks_at_the_terminal_and_one_reader_reads_all_answers(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    typed = {"Allow it?": b"y\n", "Which one?": b"blue\n"}
    err = Screen(lambda question: os.write(ours, typed[question]), "Allow it?", "Which one?")

    @tool(risk=Risk.WRITE)
    def pick(ctx: ToolContext) -> str:
        """Asks, once it may."""
        return f"picked {ctx.person.ask('Colour?', ['red', 'blue'])}"

    lab = Lab(tmp_path)
    with os.fdopen(theirs) as stdin:
        approver, answerer = asked_at(Console(stdin, io.StringIO(), err, "dumb"), grace_s=0.0)
        model = ScriptedModel([act("pick", "{}"), answer("It is blue.")])
        done = await drive(lambda: lab.assistant(model, approver=approver, answerer=answerer, tools=(pick,)))
    assert (done.code, done.out) == (Exit.OK, "It is blue.\n")
    assert "tool       kit.pick\nasks\n  Colour?\n  1  red\n  2  blue\n" in err.getvalue()
    os.close(ours)


async def test_run_asks_nobody_where_there_is_no_terminal() -> None:
    approver, answerer = asked_at(Console(io.StringIO(), io.StringIO(), io.StringIO()))
    request = ApprovalRequested(
        call_id="1", tool="t", plugin="p", distribution="d", risk="write", arguments={}, workspace="/"
    )
    assert (await approver(request)).decision is Decision.DENY
    assert await answerer(asked()) is None
