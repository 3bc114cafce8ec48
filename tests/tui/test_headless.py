"""One task without a screen: what is on which stream, the exit codes, and what is stored afterwards."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rookery_core.assistant import Assistant
from rookery_core.errors import ModelDied, ModelMissing, ModelUnreadable, StoreBroken
from rookery_core.event_json import load_event
from rookery_core.events import AnyEvent, Mode, ModelLoading, TurnEnded, TurnStatus
from rookery_core.plugin import Risk, Tool, tool
from rookery_core.store.db import Store
from rookery_core.store.sessions import Sessions
from rookery_core.testing import ScriptedModel
from rookery_core.text import visible
from rookery_tui.exits import Exit
from rookery_tui.headless import Job, JsonlPrinter, Output, run
from rookery_tui.starting import NOTHING_TO_CONTINUE, Resume
from rookery_tui.stopping import Stop, on_signals
from tests.core.conftest import Lab, act, answer

ADDS = [act("add", '{"a": 1, "b": 2}', "I add."), answer("3", "Done.")]
SAVES = [act("save", '{"path": "a.txt", "text": "hi"}'), answer("It is not saved.")]


@dataclass(frozen=True)
class Done:
    code: Exit
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.out)
        return made

    @property
    def kinds(self) -> list[str]:
        return [json.loads(line)["kind"] for line in self.out.splitlines()]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Watching(io.StringIO):
    """A stream that does something when a text is written to it."""

    def __init__(self, text: str, act: Callable[[], None]) -> None:
        super().__init__()
        self._text = text
        self._act = act

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._text in text:
            self._act()
        return written


async def drive(
    make: Callable[[], Assistant],
    task: str = "What is 1 + 2?",
    *,
    out: io.StringIO | None = None,
    stop: Stop | None = None,
    **job: Any,
) -> Done:
    out, err = out or io.StringIO(), io.StringIO()
    code = await run(make, Job(task, **job), out, err, stop or Stop())
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture
def home(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def scripted(home: Lab, script: Iterable[str | Exception], **options: Any) -> Callable[[], Assistant]:
    return lambda: home.assistant(ScriptedModel(script, **options))


def ruin(home: Path) -> Tool:
    """A tool that takes the database away from under the turn."""

    @tool(risk=Risk.PURE, name="ruin")
    def drop() -> None:
        """Ruins."""
        with closing(sqlite3.connect(home / "rookery.db")) as db:
            db.execute("DROP TABLE events")

    return drop


@tool(risk=Risk.PURE)
def chatty() -> str:
    """Prints."""
    print("noise")
    return "done"


def stored(home: Lab) -> list[AnyEvent]:
    """The events of the session that was used last; none when nothing is stored."""
    store = Store(home.home / "rookery.db")
    try:
        newest = Sessions(store).newest()
        return [] if newest is None else Sessions(store).events(newest.id)
    finally:
        store.close()


def last_end(home: Lab) -> TurnEnded:
    """How the last turn that is stored ended."""
    ended = stored(home)[-1]
    assert isinstance(ended, TurnEnded)
    return ended


# -- what is written where ----------------------------------------------------------------------------------------


async def test_the_answer_alone_is_on_standard_output(home: Lab) -> None:
    done = await drive(scripted(home, ADDS))
    assert (done.code, done.out) == (Exit.OK, "3\n")


async def test_the_trace_is_on_standard_error(home: Lab) -> None:
    done = await drive(scripted(home, ADDS))
    assert done.err.splitlines()[:5] == [
        "model       scripted is ready",
        "thought     I add.",
        "action      add(a=1, b=2)",
        "observation 3",
        "thought     Done.",
    ]
    assert done.err.splitlines()[5].startswith("session ")
    assert len(done.err.splitlines()) == 6


async def test_quiet_leaves_standard_error_empty(home: Lab) -> None:
    assert (await drive(scripted(home, ADDS), quiet=True)).err == ""


async def test_json_is_one_object_of_five_keys(home: Lab) -> None:
    done = await drive(scripted(home, ADDS), output=Output.JSON)
    assert list(done.object) == ["answer", "status", "session", "steps", "usage"]
    assert (done.object["answer"], done.object["status"], done.object["steps"]) == ("3", "answered", 2)
    assert set(done.object["usage"]) == {
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
        "forced_tokens",
        "queued_s",
        "prefill_s",
        "decode_s",
        "first_token_s",
    }
    assert done.object["usage"]["completion_tokens"] > 0
    assert done.err == ""


async def test_jsonl_is_every_event_in_order(home: Lab) -> None:
    done = await drive(scripted(home, ADDS), output=Output.JSONL)
    assert done.kinds.count("sandbox_found") == 1  # whenever it is known
    assert [kind for kind in done.kinds if kind not in ("token_delta", "sandbox_found")] == [
        "model_loading",
        "model_ready",
        "turn_started",
        "step_started",
        "prompt_built",
        "generated",
        "thought_formed",
        "tool_requested",
        "tool_started",
        "tool_finished",
        "step_started",
        "prompt_built",
        "generated",
        "thought_formed",
        "answered",
        "turn_ended",
    ]
    assert "token_delta" in done.kinds


def test_jsonl_tells_each_tenth_of_loading_a_model() -> None:
    out = io.StringIO()
    printer = JsonlPrinter(out, io.StringIO())
    for _ in range(2):
        for hundredth in range(101):
            printer.show(ModelLoading(model="m", fraction=hundredth / 100))
    told = [json.loads(line)["fraction"] for line in out.getvalue().splitlines()]
    assert [int(10 * each) for each in told] == [*range(11), *range(11)]


async def test_jsonl_without_the_ephemeral_events_is_what_is_stored(home: Lab) -> None:
    done = await drive(scripted(home, ADDS), output=Output.JSONL)
    shown = [load_event(line) for line in done.out.splitlines()]
    assert [event for event in shown if not event.ephemeral] == stored(home)


async def test_a_left_out_plugin_is_named(home: Lab) -> None:
    from rookery_core.compose import build
    from rookery_core.config import Config
    from rookery_core.equipment import Options
    from rookery_core.paths import Paths
    from rookery_core.tools.loader import Loaded, Problem

    def make() -> Assistant:
        return build(
            Config(),
            Paths.find({"ROOKERY_HOME": str(home.home)}),
            Options(workspace=home.workspace),
            model=ScriptedModel([answer("hi")]),
            plugins=Loaded((), (Problem("bad", "bad-dist", "ImportError: no\x1b[31m"),)),
        )

    done = await drive(make)
    assert done.err.startswith("plugin      bad: ImportError: no\\u{1b}[31m\n")
    assert done.code == Exit.OK


async def test_control_characters_are_escaped_in_text_and_exact_in_json(home: Lab) -> None:
    nasty = answer("red \x1b[31m and \u202e")
    assert (await drive(scripted(home, [nasty]))).out == "red \\u{1b}[31m and \\u{202e}\n"
    assert (await drive(scripted(home, [nasty]), output=Output.JSON)).object["answer"] == "red \x1b[31m and \u202e"


@pytest.mark.parametrize("output", Output)
async def test_what_a_tool_prints_is_not_on_standard_output(
    home: Lab, output: Output, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ScriptedModel([act("chatty", "{}"), answer("ok")])
    done = await drive(lambda: home.assistant(model, tools=(chatty,)), output=output)
    assert "noise\n" in done.err
    assert "noise" not in done.out
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("output", [Output.JSON, Output.JSONL])
async def test_json_cannot_drive_a_terminal_and_is_the_same_object(home: Lab, output: Output) -> None:
    nasty = "é \x1b[31m \x9b31m \u202e \U000e0041 ⠀"
    done = await drive(scripted(home, [answer(nasty)]), output=output, out=Terminal())
    last = json.loads(done.out.splitlines()[-2 if output is Output.JSONL else -1])
    assert last["answer" if output is Output.JSON else "text"] == nasty
    assert visible(done.out) == done.out
    assert "é" in done.out


async def test_json_in_a_pipe_is_utf8_with_escapes_for_what_hides(home: Lab) -> None:
    done = await drive(scripted(home, [answer("é \u202e")]), output=Output.JSON)
    assert '"é \\u202e"' in done.out
    assert json.loads(done.out)["answer"] == "é \u202e"


# -- exit codes ---------------------------------------------------------------------------------------------------


async def test_giving_up_is_1_and_the_answer_holds_what_was_found(home: Lab) -> None:
    script = [ADDS[0], answer("So far: 3")]
    done = await drive(lambda: home.assistant(ScriptedModel(script), max_steps=1))
    assert done.code == Exit.FAILED
    assert done.out.startswith("So far: 3\n")
    assert "rookery: stopped before there was an answer: the limit of 1 steps" in done.err


async def test_a_refused_message_is_1_with_the_reason(home: Lab) -> None:
    done = await drive(scripted(home, [], n_ctx=400), "word " * 2_000, output=Output.JSON, quiet=True)
    assert (done.code, done.object["status"], done.object["answer"]) == (Exit.FAILED, "refused", "")
    assert done.err.startswith("rookery: not sent: ")


async def test_a_failed_turn_is_1_with_the_reason(home: Lab) -> None:
    done = await drive(scripted(home, [ModelDied("it crashed")] * 3), quiet=True)
    assert (done.code, done.out) == (Exit.FAILED, "")
    assert "rookery: failed: it crashed" in done.err


@pytest.mark.parametrize("output", Output)
async def test_a_model_that_cannot_be_loaded_is_3(home: Lab, output: Output) -> None:
    done = await drive(scripted(home, [], open_error=ModelUnreadable("no GGUF")), output=output)
    assert (done.code, done.err) == (Exit.NO_MODEL, "rookery: no GGUF\n")


async def test_no_model_is_3_and_json_is_still_one_object(home: Lab) -> None:
    def make() -> Assistant:
        raise ModelMissing("There is no model yet.")

    done = await drive(make, output=Output.JSON)
    assert done.code == Exit.NO_MODEL
    assert done.object == {
        "answer": "",
        "status": "failed",
        "session": "",
        "steps": 0,
        "usage": dict.fromkeys(done.object["usage"], 0),
    }


async def test_a_broken_database_is_1(home: Lab) -> None:
    def make() -> Assistant:
        raise StoreBroken("not a database")

    assert (await drive(make)).code == Exit.FAILED


async def test_a_turn_that_cannot_be_stored_is_1(home: Lab) -> None:
    done = await drive(lambda: home.assistant(ScriptedModel([act("ruin", "{}")]), tools=(ruin(home.home),)), quiet=True)
    assert done.code == Exit.FAILED
    assert done.err.startswith(f"rookery: {home.home / 'rookery.db'} cannot be used: no such table: events")


async def test_a_call_nobody_could_allow_is_4_even_with_an_answer(home: Lab) -> None:
    done = await drive(scripted(home, SAVES))
    assert (done.code, done.out) == (Exit.UNATTENDED, "It is not saved.\n")
    assert "see --allow" in done.err
    assert not (home.workspace / "a.txt").exists()


async def test_where_words_of_others_were_read_allow_is_not_named_as_the_way(home: Lab) -> None:
    (home.workspace / "n.txt").write_text("x")
    script = [act("look", '{"path": "n.txt"}'), *SAVES]
    done = await drive(lambda: home.assistant(ScriptedModel(script), allow=["write"]))
    assert done.code == Exit.UNATTENDED
    assert "after those --allow does not count" in done.err
    assert "see --allow" not in done.err


@pytest.mark.parametrize("allow", ["write", "save", "kit.save", "kit"])
async def test_allow_is_the_way_past_a_question(home: Lab, allow: str) -> None:
    done = await drive(lambda: home.assistant(ScriptedModel(SAVES), allow=[allow]))
    assert done.code == Exit.OK
    assert (home.workspace / "a.txt").read_text() == "hi"


async def test_a_bug_is_raised_after_the_turn_is_stored(home: Lab) -> None:
    with pytest.raises(AssertionError, match="the script has ended"):
        await drive(scripted(home, []))
    assert last_end(home).status is TurnStatus.FAILED


# -- stopping -----------------------------------------------------------------------------------------------------


ENDS = [(signal.SIGINT, 130, "you"), (signal.SIGTERM, 143, "a signal"), (1, Exit.HUNG_UP, "a signal")]


@pytest.mark.parametrize(("number", "code", "by"), ENDS)
async def test_a_stopped_turn_is_stored_and_can_be_gone_on_with(home: Lab, number: int, code: int, by: str) -> None:
    stop = Stop()
    out = Watching('"token_delta"', lambda: stop.request(number))
    done = await drive(scripted(home, [answer("a long answer")]), out=out, stop=stop, output=Output.JSONL)
    assert done.code == code
    assert done.kinds[-2:] == ["generated", "turn_ended"]
    assert done.err.endswith(f"rookery: stopped by {by}; what was written is kept\n")
    assert last_end(home).status is TurnStatus.INTERRUPTED
    assert (await drive(scripted(home, ADDS), resume=Resume(continue_last=True))).code == Exit.OK


@pytest.mark.parametrize(("number", "by"), [(signal.SIGINT, "you"), (signal.SIGTERM, "a signal")])
async def test_a_stop_before_the_turn_leaves_nothing_behind(home: Lab, number: int, by: str) -> None:
    stop = Stop()
    stop.request(number)
    done = await drive(scripted(home, ADDS), stop=stop, output=Output.JSON)
    assert (done.code, done.object["session"], done.err) == (128 + number, "", f"rookery: stopped by {by}\n")
    assert stored(home) == []


async def test_a_reader_that_leaves_stops_the_turn(home: Lab) -> None:
    def gone() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await drive(scripted(home, ADDS), out=Watching('"thought_formed"', gone), output=Output.JSONL)
    assert last_end(home).status is TurnStatus.INTERRUPTED


async def test_a_signal_stops_the_turn_and_handlers_are_put_back(home: Lab) -> None:
    before = signal.getsignal(signal.SIGINT)
    stop = Stop()
    out = Watching('"token_delta"', lambda: os.kill(os.getpid(), signal.SIGINT))
    with on_signals(stop.request, insist=False):
        done = await drive(scripted(home, [answer("a b c")], delay_s=0.05), out=out, stop=stop, output=Output.JSONL)
    assert done.code == Exit.INTERRUPTED
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself SIGINT there")
def test_a_second_signal_ends_the_process() -> None:
    code = (
        "import asyncio, os, signal\nfrom rookery_tui.stopping import on_signals\n"
        "async def main():\n"
        "    with on_signals(lambda number: print('asked', flush=True), insist=True):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        await asyncio.sleep(0)\n        await asyncio.sleep(0)\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n        await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "asked\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal there")
@pytest.mark.parametrize("first", ["SIGHUP", "SIGTERM"])
def test_a_terminal_that_is_gone_ends_nothing_by_being_told_twice(first: str) -> None:
    code = (
        "import asyncio, os, signal\nfrom rookery_tui.stopping import on_signals, or_hung_up\n"
        "async def main():\n"
        "    with on_signals(lambda number: print(number, flush=True), insist=True, signals=or_hung_up()):\n"
        f"        os.kill(os.getpid(), signal.{first})\n"
        "        for _ in range(2):\n"
        "            os.kill(os.getpid(), signal.SIGHUP)\n            await asyncio.sleep(0.01)\n"
        "        print('there', flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n        await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == f"{signal.Signals[first].value}\nthere\n"
    assert done.returncode == -signal.SIGTERM


# -- sessions -----------------------------------------------------------------------------------------------------


async def test_a_session_is_gone_on_with_by_the_start_of_its_id(home: Lab) -> None:
    first = (await drive(scripted(home, ADDS), output=Output.JSON)).object["session"]
    model = ScriptedModel([answer("again 3")])
    done = await drive(lambda: home.assistant(model), output=Output.JSON, resume=Resume(session=first[:-1]))
    assert done.object["session"] == first
    assert any("What is 1 + 2?" in message.content for message in model.seen[0])


async def test_continue_takes_the_session_used_last(home: Lab) -> None:
    sessions = [(await drive(scripted(home, ADDS), output=Output.JSON)).object["session"] for _ in range(2)]
    done = await drive(scripted(home, ADDS), output=Output.JSON, resume=Resume(continue_last=True))
    assert done.object["session"] == sessions[1]


async def test_continue_without_a_session_begins_one_and_says_so(home: Lab) -> None:
    done = await drive(scripted(home, ADDS), resume=Resume(continue_last=True), quiet=True)
    assert (done.code, done.out) == (Exit.OK, "3\n")
    assert done.err == f"rookery: {NOTHING_TO_CONTINUE}\n"


@pytest.mark.parametrize(("words", "recalls"), [([], False), (["--recall"], True)])
async def test_earlier_sessions_are_recalled_only_when_asked_for(home: Lab, words: list[str], recalls: bool) -> None:
    from rookery_tui.arguments import parse

    await drive(scripted(home, [answer("to old.txt")]), "Where do I keep the recipes?")
    wanted = parse(["run", "x", *words]).recall
    make = lambda: home.assistant(ScriptedModel([answer("ok")]), recall=wanted)  # noqa: E731
    done = await drive(make, "Where are the recipes?", output=Output.JSONL)
    assert ("memory_recalled" in done.kinds) is recalls
    assert parse(["chat"]).recall is None


@pytest.mark.parametrize("resume", [Resume(session="nosuch"), Resume(session="")])
async def test_a_session_that_is_not_there_is_2(home: Lab, resume: Resume) -> None:
    done = await drive(scripted(home, ADDS), resume=resume)
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert "there is no session" in done.err


async def test_a_session_that_is_open_elsewhere_is_2(home: Lab) -> None:
    first = (await drive(scripted(home, ADDS), output=Output.JSON)).object["session"]
    other = home.assistant(ScriptedModel([]))
    log = other.sessions.open(first)
    done = await drive(scripted(home, ADDS), resume=Resume(session=first))
    assert done.code == Exit.USAGE
    assert "open in another Rookery" in done.err
    log.close()
    await other.close()
    assert (await drive(scripted(home, ADDS), resume=Resume(session=first))).code == Exit.OK


async def test_a_task_in_plan_mode_changes_nothing_and_the_mode_is_said(home: Lab) -> None:
    def make() -> Assistant:
        return home.assistant(ScriptedModel(SAVES), allow=["write"], mode=Mode.PLAN)

    done = await drive(make, "save it")
    assert "rookery: mode plan: it looks, changes nothing, and says what it would do" in done.err
    assert "the person is in plan mode" in done.err
    assert done.code is Exit.OK  # it was refused, and not for want of somebody to ask
    assert not (home.workspace / "a.txt").exists()
