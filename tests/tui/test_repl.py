"""The plain prompt: messages, commands, questions and stopping, at a prompt and through a pipe."""

from __future__ import annotations

import io
import os
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyte
import pytest
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.output.plain_text import PlainTextOutput

from rookery_core.errors import ModelUnreadable, SessionUnknown
from rookery_core.paths import Paths
from rookery_core.plugin import Command, Tool
from rookery_core.testing import ScriptedModel
from rookery_core.tools.gathering import Offers
from rookery_core.tools.loader import LoadedPlugin
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.lines import LEAVE_HINT, PlainLines, PromptLines, completer, history_at
from rookery_tui.out import say
from rookery_tui.repl import lines_for, repl
from rookery_tui.starting import NOTHING_TO_CONTINUE, MakeAssistant, Resume
from rookery_tui.typed import PLAIN_COMMANDS
from tests.core.conftest import TOOLS, Lab, act, answer
from tests.tui.test_headless import chatty, ruin

ADDS = [act("add", '{"a": 1, "b": 2}', "I add."), answer("It is 3.", "Done.")]
SAVES = [act("save", '{"path": "a.txt", "text": "hi"}', "I save."), answer("Ready.", "So.")]
TOLD = """\
model       scripted is ready
thought     I add.
action      add(a=1, b=2)
observation 3
thought     Done.
It is 3.
"""
CTRL_C, CTRL_D, CTRL_J, ESC_ENTER = "\x03", "\x04", "\x0a", "\x1b\r"


class Watching(io.StringIO):
    """A stream that does something when a text is written to it for the first time."""

    def __init__(self, text: str, act: Callable[[], object]) -> None:
        super().__init__()
        self._text = text
        self._act: Callable[[], object] | None = act

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._act is not None and self._text in self.getvalue():
            act, self._act = self._act, None
            act()
        return written


@contextmanager
def prompt(keys: str) -> Iterator[tuple[PromptLines, PipeInput]]:
    """A prompt at which these keys are typed."""
    with create_pipe_input() as pipe:
        pipe.send_text(keys)
        yield PromptLines(history=InMemoryHistory(), input=pipe, output=DummyOutput()), pipe


def piped(text: str, prompts: io.StringIO | None = None) -> PlainLines:
    """Lines out of a pipe that is closed behind them."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return PlainLines(reading, prompts)


class Desk:
    """A home folder and what is said at its prompt."""

    def __init__(self, home: Path) -> None:
        self.lab = Lab(home)
        self.out = io.StringIO()
        self.err = io.StringIO()
        self.distribution = "kit-dist"
        self.code = Exit.OK
        self.tools: tuple[Tool, ...] = TOOLS
        self.commands: tuple[Command, ...] = ()

    def maker(self, model: ScriptedModel | list[ScriptedModel]) -> MakeAssistant:
        other = LoadedPlugin("other", "other-dist", Offers(commands=self.commands))
        return lambda approver, answerer: self.lab.assistant(
            model,
            approver=approver,
            answerer=answerer,
            tools=self.tools,
            plugins=[other],
            distribution=self.distribution,
        )

    async def type(self, keys: str, script: Iterable[str | Exception] = (), **options: Any) -> str:
        """Everything that is printed when these keys are typed at a prompt."""
        with prompt(keys) as (lines, _):
            return await self.run(lines, ScriptedModel(script), **options)

    async def pipe(self, text: str, script: Iterable[str | Exception] = (), **options: Any) -> str:
        """Everything that is printed when this text comes through a pipe."""
        return await self.run(piped(text), ScriptedModel(script), **options)

    async def run(
        self,
        lines: PlainLines | PromptLines,
        model: ScriptedModel | list[ScriptedModel],
        resume: Resume | None = None,
        **options: Any,
    ) -> str:
        begin = len(self.out.getvalue())
        self.code = await repl(self.maker(model), lines, self.out, self.err, resume or Resume(), **options)
        return self.out.getvalue()[begin:]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# -- messages -----------------------------------------------------------------------------------------------------


async def test_a_message_is_answered_and_the_turn_told_in_lines(desk: Desk) -> None:
    assert await desk.type("What is 1 + 2?\r" + CTRL_D, ADDS) == TOLD
    assert desk.code == Exit.OK


async def test_a_pipe_gives_the_same(desk: Desk) -> None:
    assert await desk.pipe("What is 1 + 2?\n/quit\nnever read\n", ADDS) == TOLD


async def test_the_last_line_needs_no_line_end_and_empty_ones_are_skipped(desk: Desk) -> None:
    assert "It is 3.\n" in await desk.pipe("\n  \r\nWhat is 1 + 2?", ADDS)


async def test_without_the_trace_there_is_only_the_answer(desk: Desk) -> None:
    assert await desk.pipe("What is 1 + 2?\n", ADDS, trace=False) == "It is 3.\n"


async def test_trouble_is_told_without_the_trace_too(desk: Desk) -> None:
    told = await desk.pipe("crash\n", [act("crash", "{}"), answer("It crashed.")], trace=False)
    assert told == "observation failed: crash failed: ZeroDivisionError: boom\nIt crashed.\n"


async def test_the_answer_is_shown_as_it_is_written(desk: Desk) -> None:
    seen: list[str] = []
    out = desk.out = Watching("one", lambda: seen.append(out.getvalue()))
    await desk.pipe("hi\n", [answer("one two three")])
    assert seen[0].endswith("\none")
    assert out.getvalue().endswith("one two three\n")


async def test_what_a_tool_prints_is_not_among_the_lines(desk: Desk) -> None:
    desk.tools = (chatty,)
    told = await desk.pipe("go\n", [act("chatty", "{}"), answer("Ready.")], trace=False)
    assert (told, desk.err.getvalue()) == ("Ready.\n", "noise\n")


async def test_streamed_text_cannot_drive_the_terminal(desk: Desk) -> None:
    told = await desk.pipe("hi\n", [answer("a \x1b[31m \u202e b\r\nc")])
    assert told.endswith("a \\u{1b}[31m \\u{202e} b\nc\n")


async def test_keys_begin_a_new_line(desk: Desk) -> None:
    model = ScriptedModel([answer("ok")])
    with prompt(f"one{CTRL_J}two{ESC_ENTER}three\r/quit\r") as (lines, _):
        await desk.run(lines, model)
    assert model.seen[0][-1].content.endswith("one\ntwo\nthree")


async def test_ctrl_c_at_the_prompt_clears_the_line(desk: Desk) -> None:
    model = ScriptedModel([answer("ok")])
    with prompt(f"not this{CTRL_C}but this\r{CTRL_D}") as (lines, _):
        await desk.run(lines, model)
    assert model.seen[0][-1].content.endswith("but this")
    assert "not" not in model.seen[0][-1].content


async def test_ctrl_c_twice_at_the_empty_prompt_quits_and_the_first_says_so(desk: Desk) -> None:
    shown = io.StringIO()
    with create_pipe_input() as pipe:
        pipe.send_text(f"{CTRL_C}{CTRL_C}hi\r")
        lines = PromptLines(history=InMemoryHistory(), input=pipe, output=PlainTextOutput(shown))
        assert await desk.run(lines, ScriptedModel([]), trace=False) == ""
    assert desk.code == Exit.OK
    assert shown.getvalue().count(LEAVE_HINT) == 1


async def test_ctrl_c_quits_only_where_nothing_was_typed_in_between(desk: Desk) -> None:
    model = ScriptedModel([answer("ok")])
    with prompt(f"{CTRL_C}typed{CTRL_C}{CTRL_C}hi\r{CTRL_C}{CTRL_C}never\r") as (lines, _):
        await desk.run(lines, model)
    assert [seen[-1].content for seen in model.seen] == ["hi"]


async def test_ctrl_c_twice_quits_where_lines_are_not_edited(desk: Desk) -> None:
    def press() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    reading, writing = os.pipe()
    desk.out = Watching(LEAVE_HINT, press)
    told = await desk.run(PlainLines(reading, Watching("> ", press)), ScriptedModel([]), trace=False)
    assert told == f"\n{LEAVE_HINT}\n"
    assert desk.code == Exit.OK
    os.close(writing)


async def test_a_refused_message_is_put_back(desk: Desk) -> None:
    long = "word " * 2_000
    model = ScriptedModel([answer("ok")], n_ctx=700)
    with prompt(f"{long}\r\x15short\r{CTRL_D}") as (lines, _):  # Ctrl+U: what was put back is taken away
        told = await desk.run(lines, model)
    assert "not sent: " in told
    assert [seen[-1].content for seen in model.seen] == ["short"]


async def test_a_turn_that_cannot_be_stored_is_told_and_the_prompt_stays(desk: Desk) -> None:
    desk.tools = (ruin(desk.lab.home),)
    told = await desk.pipe("one\n/tools\n", [act("ruin", "{}", "I ruin.")])
    assert "\nThis turn is not stored: " in told
    assert told.endswith(" Ruins.\n")


async def test_a_dead_model_is_told_and_the_prompt_stays(desk: Desk) -> None:
    told = await desk.pipe("one\ntwo\n", [ModelUnreadable("gone"), answer("fine")])
    assert "failed: gone\n" in told
    assert told.endswith("fine\n")


async def test_a_model_that_cannot_be_loaded_is_raised_before_the_first_message(desk: Desk) -> None:
    with pytest.raises(ModelUnreadable):
        await desk.run(piped("hi\n"), ScriptedModel([], open_error=ModelUnreadable("no GGUF")))


# -- questions ----------------------------------------------------------------------------------------------------


async def test_the_question_shows_the_whole_call(desk: Desk) -> None:
    told = await desk.type(f"save\ry\r{CTRL_D}", SAVES)
    may = "may        write, level R2: a change in the workspace"
    for line in ("tool       kit.save", may, "  text     │ hi", f"in         {desk.lab.workspace}"):
        assert f"\n{line}\n" in told
    assert "\ns allows   kit.save: " in told


@pytest.mark.parametrize(
    ("keys", "said", "written"),
    [
        ("y\r", "allowed once by person", True),
        ("YES\r", "allowed once by person", True),
        ("s\r", "allowed for this session by person", True),
        ("n\r", "denied by person", False),
        ("\r", "denied by person", False),
        (CTRL_C, "denied by person", False),
        (CTRL_D, "denied by person", False),
        ("sure\rn\r", "denied by person", False),
        ("f\rnot there\r", "denied by person: not there", False),
        (f"f\r{CTRL_C}", "denied by person", False),
    ],
)
async def test_only_a_clear_yes_allows(desk: Desk, keys: str, said: str, written: bool) -> None:
    told = await desk.type(f"save\r{keys}/quit\r", SAVES)
    assert f"approval    {said}\n" in told
    assert (desk.lab.workspace / "a.txt").exists() is written


async def test_what_led_to_a_question_is_told_before_it(desk: Desk) -> None:
    told = await desk.type("save\ry\r/quit\r", SAVES)
    order = [
        "thought     I save.",
        "action      save(",
        "approval    asking",
        "tool       kit.save",
        "approval    allowed",
    ]
    assert sorted(order, key=told.index) == order


async def test_for_this_session_asks_once(desk: Desk) -> None:
    desk.distribution = "rookery"
    again = act("save", '{"path": "a.txt", "text": "more"}')
    told = await desk.type("save\rs\r/quit\r", [SAVES[0], again, answer("Ready.")])
    assert told.count("asking about") == 1
    assert (desk.lab.workspace / "a.txt").read_text() == "more"


async def test_through_a_pipe_nobody_is_asked(desk: Desk) -> None:
    told = await desk.pipe("save\ny\n/quit\n", [*SAVES, answer("You said y.")])
    assert "denied by nobody" in told
    assert told.endswith("You said y.\n")
    assert not (desk.lab.workspace / "a.txt").exists()


async def test_what_was_typed_before_a_question_does_not_answer_it() -> None:
    reading, writing = os.pipe()
    lines = PlainLines(reading, Watching("Allow it? ", lambda: os.write(writing, b"n\n")))
    os.write(writing, b"message\ny\n")
    assert await lines.message() == "message"
    assert await lines.answer("Allow it? ") == "n"
    os.close(writing)
    assert await lines.message() is None
    assert await lines.answer("Allow it? ") is None


PLAIN = "lines = PlainLines(0, sys.stdout)"
EDITED = "lines = PromptLines()"
ASKS = """
import asyncio, sys, time
from rookery_tui.lines import PlainLines, PromptLines
{lines}
async def main():
    if {talks}:
        await lines.message()
    print("at work", flush=True)
    time.sleep(0.5)
    print("said", repr(await lines.answer("Allow it? ")), flush=True)
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
@pytest.mark.parametrize("talks", [True, False])
@pytest.mark.parametrize("lines", [PLAIN, EDITED])
@pytest.mark.parametrize("typed", [b"y\ry\r", b"y\x04"])
def test_what_a_terminal_holds_when_a_question_is_shown_does_not_answer_it(
    lines: str, talks: bool, typed: bytes
) -> None:
    ours, theirs = os.openpty()
    seen = b""

    def until(text: bytes) -> None:
        nonlocal seen
        while text not in seen:
            assert select.select([ours], [], [], 20)[0], seen
            seen += os.read(ours, 1024)

    code = ASKS.format(lines=lines, talks=talks)
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1"},
    )
    try:
        if talks:
            until(b">")
            os.write(ours, b"hello\r")
        until(b"at work")
        os.write(ours, typed)
        until(b"Allow it?")
        time.sleep(0.2)
        os.write(ours, b"no\r")
        until(b"said 'no'")
    finally:
        process.kill()
        process.wait()
    os.close(ours)
    os.close(theirs)


STOPS = """
import asyncio, signal
from rookery_tui.lines import PromptLines
from rookery_tui.meter import Meter
async def main():
    lines = PromptLines()
    asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, lines.come_back)
    print("said", repr(await lines.message(toolbar=Meter("the toolbar", sandbox="{level}").parts)), flush=True)
asyncio.run(main())
"""


@contextmanager
def drawn(
    level: str = "L3", **environ: str
) -> Iterator[tuple[subprocess.Popen[bytes], int, pyte.Screen, Callable[[str], None]]]:
    """A prompt at a terminal: its process, where keys are typed, the screen, and what waits until a text is there."""
    ours, theirs = os.openpty()
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)

    def until(text: str) -> None:
        while text not in "\n".join(screen.display):
            assert select.select([ours], [], [], 20)[0], screen.display
            stream.feed(piece := os.read(ours, 1024))
            if b"\x1b[6n" in piece:  # where is the cursor?
                os.write(ours, b"\x1b[%d;%dR" % (screen.cursor.y + 1, screen.cursor.x + 1))

    process = subprocess.Popen(
        [sys.executable, "-c", STOPS.format(level=level)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **environ},
        process_group=0,
    )
    try:
        yield process, ours, screen, until
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
@pytest.mark.parametrize(
    ("level", "environ", "text", "colour", "bold"),
    [
        ("L1", {"NO_COLOR": ""}, "NO SANDBOX", "red", True),
        ("L1", {"NO_COLOR": "1"}, "NO SANDBOX", "default", True),
        ("L3", {"NO_COLOR": ""}, "sandbox L3", "default", False),
    ],
)
def test_that_nothing_confines_programs_is_in_the_colour_of_errors(
    level: str, environ: dict[str, str], text: str, colour: str, bold: bool
) -> None:
    with drawn(level, **environ) as (_, _, screen, until):
        until(f"ask · {text}")
        (row,) = [n for n, line in enumerate(screen.display) if text in line]
        start = screen.display[row].index(text)
        cells = [screen.buffer[row][n] for n in range(start + len(text))]
        assert {(cell.fg, cell.bold) for cell in cells[start:]} == {(colour, bold)}
        assert {(cell.fg, cell.bold) for cell in cells[:start]} == {("default", False)}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
def test_after_ctrl_z_the_prompt_is_there_once_with_its_text_and_its_toolbar() -> None:
    with drawn() as (process, ours, screen, until):
        until("the toolbar")
        os.write(ours, b"some")
        until("> some")
        os.write(ours, b"\x1a")
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        while select.select([ours], [], [], 0)[0]:
            os.read(ours, 1024)
        screen.reset()  # as the shell would go on below
        process.send_signal(signal.SIGCONT)
        until("the toolbar")
        assert screen.display[0].rstrip() == "> some"
        os.write(ours, b"text\r")
        until("said 'sometext'")
        assert [line.rstrip() for line in screen.display if "some" in line] == ["> sometext", "said 'sometext'"]


# -- stopping -----------------------------------------------------------------------------------------------------


async def test_ctrl_c_stops_the_turn_and_not_the_program(desk: Desk) -> None:
    desk.out = Watching("a long", lambda: os.kill(os.getpid(), signal.SIGINT))
    with prompt(f"one\rtwo\r{CTRL_D}") as (lines, _):
        script = [answer("a long answer that is cut"), answer("the next")]
        told = await desk.run(lines, ScriptedModel(script, delay_s=0.02))
    assert "\nstopped by you; what was written is kept\n" in told
    assert "is cut" not in told
    assert told.endswith("the next\n")
    assert desk.code == Exit.OK


ENDS = [(signal.SIGINT, 130, "you"), (signal.SIGTERM, 143, "a signal")]
if sys.platform != "win32":
    ENDS += [(signal.SIGHUP, 129, "a signal")]


@pytest.mark.parametrize(("number", "code", "by"), ENDS)
async def test_where_nobody_is_there_a_signal_ends_the_program(desk: Desk, number: int, code: int, by: str) -> None:
    desk.out = Watching("a long", lambda: os.kill(os.getpid(), number))
    script = [answer("a long answer that is cut"), answer("the next")]
    told = await desk.run(piped("one\ntwo\n"), ScriptedModel(script, delay_s=0.02))
    assert told.endswith(f"stopped by {by}; what was written is kept\n")
    assert desk.code == code


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal there")
async def test_a_closed_terminal_ends_the_turn_and_the_program_where_a_person_was_there(desk: Desk) -> None:
    desk.out = Watching("a long", lambda: os.kill(os.getpid(), signal.SIGHUP))
    with prompt(f"one\rtwo\r{CTRL_D}") as (lines, _):
        script = [answer("a long answer that is cut"), answer("the next")]
        told = await desk.run(lines, ScriptedModel(script, delay_s=0.02))
    assert told.endswith("stopped by a signal; what was written is kept\n")
    assert desk.code == Exit.HUNG_UP


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal there")
async def test_a_closed_terminal_is_nothing_to_a_program_that_was_told_so(desk: Desk) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        desk.out = Watching("a long", lambda: os.kill(os.getpid(), signal.SIGHUP))
        told = await desk.pipe("one\ntwo\n", [answer("a long answer that is whole"), answer("the next")])
    finally:
        signal.signal(signal.SIGHUP, before)
    assert "that is whole" in told
    assert told.endswith("the next\n")
    assert desk.code == Exit.OK


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
def test_what_is_written_to_a_terminal_that_is_gone_goes_nowhere() -> None:
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8") as terminal:
        console = Console(sys.stdin, terminal, terminal).outliving()
        say("there", console.stdout)
        assert os.read(ours, 100) == b"there\r\n"
        os.close(ours)
        with pytest.raises(OSError, match="Input/output error"):
            os.write(theirs, b"gone")
        say("gone", console.stdout)
        say("gone", console.stderr)


async def test_a_signal_while_waiting_for_a_line_ends_the_program(desk: Desk) -> None:
    reading, writing = os.pipe()
    desk.out = Watching("ready", lambda: os.kill(os.getpid(), signal.SIGTERM))
    await desk.run(PlainLines(reading, None), ScriptedModel([]))
    assert desk.code == Exit.TERMINATED
    os.close(writing)


# -- commands -----------------------------------------------------------------------------------------------------


async def test_help_lists_every_command(desk: Desk) -> None:
    told = await desk.pipe("/help\n")
    for name, text in PLAIN_COMMANDS.items():
        assert f"/{name} " in told
        assert text in told


async def test_tools_lists_what_is_offered(desk: Desk) -> None:
    told = await desk.pipe(
        "add\nadd\n/tools\n", [act("add", '{"a": 1, "b": 2}'), answer("3"), act("add", "{}"), answer("?")]
    )
    lines = told.splitlines()
    (line,) = [n for n, text in enumerate(lines) if text.startswith("add ")]
    assert "pure · kit (kit-dist) · " in lines[line]
    assert lines[line].endswith(" tokens · 2 called, 1 failed")
    assert lines[line + 1].split() == ["Adds", "two", "whole", "numbers."]


async def test_model_lists_the_models_and_goes_on_with_another(desk: Desk) -> None:
    bad = ScriptedModel([], name="bad", open_error=ModelUnreadable("bad is broken"))
    models = [ScriptedModel([answer("I am a.")], name="a"), ScriptedModel([answer("I am b.")], name="b"), bad]
    told = await desk.run(piped("who?\n/model b\n/model bad\n/model c\n/model\nwho?\n"), models)
    assert "I am a.\nmodel       b is ready\nbad is broken\nb stays the model.\nc is not the name of a model." in told
    assert "  a  (loaded)\n* b  (loaded)\n  bad\n/model NAME goes on with another.\n" in told
    assert told.endswith("I am b.\n")


async def test_trace_is_shown_or_hidden(desk: Desk) -> None:
    told = await desk.pipe("/trace\nadd\n/trace\nadd\n", ADDS * 2)
    hidden, shown = told.split("Thoughts, actions and observations are shown.\n")
    assert hidden.endswith("are hidden.\nIt is 3.\n")
    assert shown.startswith("thought     I add.\n")


async def test_new_and_resume_change_the_session(desk: Desk) -> None:
    await desk.pipe("first question\n", [answer("a")])
    (first,) = desk.lab.assistant(ScriptedModel([])).sessions.recent()
    model = ScriptedModel([answer("b"), answer("c")])
    told = await desk.run(piped(f"second question\n/sessions\n/resume {first.id}\nthird\n"), model)
    assert f"  {first.id}  " in told
    assert "\n* " in told
    assert f"Session {first.id}, 1 turn: first question\n" in told
    assert [message.content for message in model.seen[1] if message.role == "user"][-2:] == ["first question", "third"]


async def test_resume_of_an_unknown_session_keeps_the_open_one(desk: Desk) -> None:
    told = await desk.pipe("/resume nosuch\n/resume\nhi\n", [answer("still here")])
    assert "there is no session 'nosuch'" in told
    assert told.endswith("still here\n")


async def test_search_finds_past_turns(desk: Desk) -> None:
    await desk.pipe("How do rooks nest?\n", [answer("In colonies.")])
    assert "turn 1  How do rooks nest?  In colonies.\n" in await desk.pipe("/search colonies\n")
    assert await desk.pipe("/search zebra\n", trace=False) == "Nothing was found.\n"


@pytest.mark.parametrize("line", ["/quit", "/exit", "/q", " /quit "])
async def test_quit_leaves(desk: Desk, line: str) -> None:
    assert await desk.pipe(f"{line}\nnever\n", trace=False) == ""


async def test_an_unknown_command_is_not_sent(desk: Desk) -> None:
    told = await desk.pipe("/nonsense\n", trace=False)
    assert told.startswith("/nonsense is not a command; there are: /help")


@pytest.mark.parametrize(("typed", "sent"), [("//quit is a word", "/quit is a word"), ("/etc/hosts?", "/etc/hosts?")])
async def test_a_message_may_begin_with_a_slash(desk: Desk, typed: str, sent: str) -> None:
    model = ScriptedModel([answer("ok")])
    await desk.run(piped(f"{typed}\n"), model)
    assert model.seen[0][-1].content == sent


async def test_a_session_is_gone_on_with(desk: Desk) -> None:
    await desk.pipe("first\n", [answer("a")])
    model = ScriptedModel([answer("b")])
    await desk.run(piped("second\n"), model, Resume(continue_last=True))
    assert [message.content for message in model.seen[0] if message.role == "user"][-2:] == ["first", "second"]
    with pytest.raises(SessionUnknown):
        await desk.run(piped("third\n"), ScriptedModel([]), Resume(session="nosuch"))


async def test_continue_without_a_session_begins_one_and_says_so(desk: Desk) -> None:
    model = ScriptedModel([answer("hello")])
    told = await desk.run(piped("hi\n"), model, Resume(continue_last=True), trace=False)
    assert told == f"{NOTHING_TO_CONTINUE}\nhello\n"


# -- the prompt itself --------------------------------------------------------------------------------------------


def test_history_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "data" / "history"
    history_at(file).store_string("a secret")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "a secret" in file.read_text()
    assert list(history_at(file).load_history_strings()) == ["a secret"]


def test_history_that_cannot_be_kept_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert isinstance(history_at(tmp_path / "data" / "history"), InMemoryHistory)


def test_a_pipe_gives_plain_lines_that_nobody_attends(tmp_path: Path) -> None:
    with (tmp_path / "in").open("w+") as stdin:
        lines = lines_for(Console(stdin, io.StringIO(), io.StringIO(), "xterm"), Paths(tmp_path, tmp_path, tmp_path))
        assert isinstance(lines, PlainLines)
        assert not lines.attended


def test_commands_are_completed_from_their_start() -> None:
    from prompt_toolkit.completion import CompleteEvent

    def found(text: str) -> list[str]:
        words = completer({**PLAIN_COMMANDS, "seek": "look for a thing"})
        return [
            f"{each.text} {each.display_meta_text}" for each in words.get_completions(Document(text), CompleteEvent())
        ]

    assert [each.split()[0] for each in found("/se")] == ["/sessions", "/search", "/seek"]
    assert found("/see") == ["/seek look for a thing"]
    assert found("what /se") == []
    assert found("hello") == []


async def test_the_mode_is_listed_changed_and_kept_with_the_session(desk: Desk) -> None:
    text = await desk.pipe("/mode\n/mode plan\nsave it\n/mode now\n", SAVES)
    assert "* ask " in text
    assert "plan: it looks, changes nothing, and says what it would do" in text
    assert "the person is in plan mode" in text
    assert "now is no permission mode." in text
    assert "* plan " in text
    assert "* plan " in await desk.pipe("/mode\n", (), resume=Resume(continue_last=True))
