"""Beginning, resuming and changing sessions; a model that is missing or cannot be loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from rookery_core.approval.policy import Answerer, Approver, nobody
from rookery_core.assistant import Assistant
from rookery_core.config_file import set_value
from rookery_core.errors import ModelMissing, ModelUnreadable, SessionUnknown
from rookery_core.events import ModelReady
from rookery_core.model.base import ModelInfo
from rookery_core.model.registry import how_to_get_one
from rookery_core.paths import Paths
from rookery_tui.app import RookeryApp
from rookery_tui.arguments import parse
from rookery_tui.doorstep import Doorstep
from rookery_tui.screens.problem import ProblemScreen
from rookery_tui.screens.sessions import SessionsScreen
from rookery_tui.starting import NOTHING_TO_CONTINUE, how_to_go_on, maker
from rookery_tui.widgets.chat import TURNS_SHOWN, Answer, Earlier, PlainText, Welcome
from rookery_tui.widgets.trace import MAX_ROWS, LeftOut
from tests.tui.app_kit import (
    HOLD,
    Desk,
    HeldModel,
    answers,
    chat_text,
    events_of,
    idle,
    kinds,
    ready,
    said_and_done,
    say,
    screen_text,
    shown,
    the_app,
    thinks,
    trace_text,
    until,
)


def pictures(pilot: Pilot[None]) -> tuple[list[str], list[tuple[str, str, str]]]:
    """What both panes hold, as text."""
    app = the_app(pilot)
    said = [str(child.content) if isinstance(child, PlainText) else child.source for child in app.main.chat.children]  # type: ignore[attr-defined]
    rows = [(row.shown.label, row.shown.title, row.shown.body) for row in app.main.trace.rows]
    return said, [row for row in rows if row[0] != "model"]


async def test_a_resumed_session_looks_as_it_did(tmp_path: Path) -> None:
    script = [
        thinks("I should add.", "adder", '{"a": 1, "b": 2}'),
        answers("It is **3**."),
        answers(f"the beginning{HOLD}the end"),
    ]
    desk = Desk(tmp_path, script)
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "what is 1 + 2?")
        await say(pilot, "more")
        await until(pilot, lambda: "the beginning" in chat_text(pilot))
        await pilot.press("escape")
        await idle(pilot)
        before, session = pictures(pilot), events_of(pilot)[0].session
    async with desk.app(session_id=session).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert pictures(pilot) == before
        assert "It is 3." in chat_text(pilot)
        assert "I should add." in trace_text(pilot)
        await pilot.press("up")
        assert the_app(pilot).main.prompt.text == "more"


async def test_continue_goes_on_in_the_last_session(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers("first answer"), answers("second answer")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "one")
    async with desk.app(continue_last=True).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert "first answer" in chat_text(pilot)
        await said_and_done(pilot, "two")
        assert "first answer" in "\n".join(message.content for message in desk.model.seen[-1])


async def test_continue_without_a_session_begins_one_and_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers("hello")])
    async with desk.app(continue_last=True).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert NOTHING_TO_CONTINUE in chat_text(pilot)
        await said_and_done(pilot, "hi")
        assert "hello" in chat_text(pilot)
        assert NOTHING_TO_CONTINUE in chat_text(pilot)


async def test_the_session_list_opens_another_session(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers("about birds"), answers("about fish")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "tell me about birds")
        await pilot.press("ctrl+n")
        await pilot.pause()
        assert "about birds" not in chat_text(pilot)
        await said_and_done(pilot, "tell me about fish")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, SessionsScreen))
        await pilot.pause()
        assert "tell me about birds" in screen_text(pilot.app.screen)
        assert "1 turn" in screen_text(pilot.app.screen)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "about birds" in chat_text(pilot))
        assert "about fish" not in chat_text(pilot)


async def test_a_session_that_is_left_says_how_to_go_on_once_it_has_a_turn(tmp_path: Path) -> None:
    app = Desk(tmp_path, [answers("ok")]).app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert app.conversation is not None
        session = app.conversation.session
        assert how_to_go_on(session) == ""
        await said_and_done(pilot, "one")
    assert how_to_go_on(session) == (
        f"session {session.id}: `rookery --continue` or `rookery --session {session.id}` goes on with it"
    )


async def test_n_in_the_session_list_begins_a_new_one(tmp_path: Path) -> None:
    async with Desk(tmp_path, [answers("ok")]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "one")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, SessionsScreen))
        await pilot.press("n")
        await until(pilot, lambda: "one" not in chat_text(pilot))
        meter = shown(the_app(pilot).main.query_one("#meter"))
        assert meter.startswith("scripted · ask · ")
        assert " · 0/8192" in meter


async def test_the_session_does_not_change_during_a_turn(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers(f"one{HOLD}two")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "go")
        await desk.model.held.wait()
        await pilot.press("ctrl+n")
        assert "Esc stops the turn first" in shown(the_app(pilot).main.query_one("#activity"))
        desk.model.go_on.set()
        await idle(pilot)
        assert "one two" in chat_text(pilot)


async def test_a_session_that_is_open_elsewhere_is_told_and_the_present_one_stays(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers("mine"), answers("other")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "one")
        first = events_of(pilot)[0].session
        await pilot.press("ctrl+n")
        await said_and_done(pilot, "two")
        elsewhere = desk.assistant(nobody)
        held = elsewhere.sessions.open(first)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, SessionsScreen))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "open in another Rookery" in chat_text(pilot))
        assert "other" in chat_text(pilot)
        held.close()
        await elsewhere.close()


async def test_a_long_session_is_shown_in_parts(tmp_path: Path) -> None:
    turns = 2 * TURNS_SHOWN + 5
    desk = Desk(tmp_path, [answers(f"answer {n}.") for n in range(1, turns + 1)])
    assistant = desk.assistant(nobody)
    log = assistant.new_session()
    for n in range(1, turns + 1):
        async for _ in assistant.turn(log, f"question {n}."):
            pass
    session = log.id
    log.close()
    await assistant.close()
    async with desk.app(session_id=session).run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        chat = the_app(pilot).main.chat
        assert len(chat.query(Answer)) == TURNS_SHOWN
        assert f"{turns - TURNS_SHOWN} earlier turns" in chat_text(pilot)
        await pilot.press("ctrl+up")
        await until(pilot, lambda: len(chat.query(Answer)) == 2 * TURNS_SHOWN)
        await pilot.press("ctrl+up")
        await until(pilot, lambda: len(chat.query(Answer)) == turns)
        await pilot.pause()
        assert not chat.query(Earlier)
        assert [str(child.content) for child in chat.query(PlainText)] == [
            f"question {n}." for n in range(1, turns + 1)
        ]


async def test_a_live_session_forgets_its_oldest_turns_on_the_screen(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers("ok")] * (2 * TURNS_SHOWN + 1))
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        app = the_app(pilot)
        assert app.conversation is not None
        for n in range(2 * TURNS_SHOWN + 1):
            app.conversation.send(f"question {n}.")
        await until(pilot, lambda: kinds(pilot).count("TurnEnded") == 2 * TURNS_SHOWN + 1)
        await idle(pilot)
        assert len(app.main.chat.query(Answer)) == TURNS_SHOWN + 1
        assert len(app.main.chat.query(Earlier)) == 1


async def test_the_trace_keeps_the_newest_rows(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        trace = the_app(pilot).main.trace
        await trace.load(
            [
                ModelReady(model=f"m{n}", path="", n_ctx=1, n_ctx_train=1, template="", load_s=0)
                for n in range(MAX_ROWS + 50)
            ]
        )
        assert len(trace.rows) == MAX_ROWS
        await trace.show(ModelReady(model="last", path="", n_ctx=1, n_ctx_train=1, template="", load_s=0))
        assert len(trace.rows) == MAX_ROWS
        assert trace.rows[-1].shown.title == "last is ready"


async def test_the_trace_says_what_it_left_out_and_where_it_is(tmp_path: Path) -> None:
    def model(n: int) -> ModelReady:
        return ModelReady(
            model=f"m{n}", path="", n_ctx=1, n_ctx_train=1, template="", load_s=0, session="20260101-abcdef"
        )

    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        trace = the_app(pilot).main.trace
        await trace.load([model(n) for n in range(MAX_ROWS)])
        assert not trace.query(LeftOut)
        for n in range(2):
            await trace.show(model(n))
        (line,) = trace.query(LeftOut)
        assert line is trace.children[0]
        assert str(line.content).startswith("▲ 2 earlier rows")
        assert str(line.content).endswith("rookery sessions export 20260101-abcdef")
        await trace.load([model(n) for n in range(MAX_ROWS + 50)])
        assert [str(each.content).split(" earlier")[0] for each in trace.query(LeftOut)] == ["▲ 50"]
        await trace.load([model(1)])
        assert not trace.query(LeftOut)


async def test_without_a_model_the_screen_says_how_to_get_one(tmp_path: Path) -> None:
    desk, missing = Desk(tmp_path, [answers("hello")]), [True]

    def make(approver: Approver, answerer: Answerer) -> Assistant:
        if missing:
            raise ModelMissing(how_to_get_one(Paths.find({"ROOKERY_HOME": str(tmp_path)})))
        return desk.assistant(approver, answerer)

    app = RookeryApp(make)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ProblemScreen))
        await pilot.pause()
        text = screen_text(app.screen)
        assert "Three ways to get one" in text
        assert "pip install 'rookery[smollm2]'" in text
        await pilot.press("ctrl+n", "ctrl+r", "ctrl+y", "ctrl+t")
        assert isinstance(app.screen, ProblemScreen)
        missing.clear()
        await pilot.press("r")
        await ready(pilot)
        await said_and_done(pilot, "hi")
        assert "hello" in chat_text(pilot)
        assert app.failure is None


async def test_an_empty_session_says_what_this_is_until_the_first_message(tmp_path: Path) -> None:
    async with Desk(tmp_path, [answers("hello")]).app().run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.pause()
        text = screen_text(pilot.app.screen)
        for line in (
            "Rookery, a chat assistant",
            "model      scripted",
            "tools      2",
            "Enter sends · F1 help · Ctrl+T",
        ):
            assert line in text
        assert str(tmp_path) in text.replace("\n", "").replace(" ", "")
        assert text.count("Ctrl+T trace") == 2
        await said_and_done(pilot, "hi")
        assert not the_app(pilot).main.chat.query(Welcome)
        assert "Ctrl+T trace" in screen_text(pilot.app.screen)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: len(the_app(pilot).main.chat.query(Welcome)) == 1)
    async with Desk(tmp_path).app(continue_last=True).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert not the_app(pilot).main.chat.query(Welcome)


async def test_trying_again_reads_the_settings_again(tmp_path: Path) -> None:
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path)})
    set_value(paths, "model.path", "nowhere.gguf")
    arguments = parse(["--workspace", str(tmp_path)])
    app = RookeryApp(maker(arguments, paths, Doorstep.of(arguments, paths)))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ProblemScreen))
        await pilot.pause()
        assert "nowhere.gguf is neither" in screen_text(app.screen)
        set_value(paths, "model.path", "mended.gguf")
        await pilot.press("r")
        await until(pilot, lambda: "mended.gguf is neither" in screen_text(app.screen))
        paths.settings_file.write_text("nonsense")
        await pilot.press("r")
        await until(pilot, lambda: "is not TOML" in " ".join(screen_text(app.screen).replace("│", " ").split()))


async def test_leaving_the_problem_screen_ends_with_an_error_code(tmp_path: Path) -> None:
    app = Desk(tmp_path).app(session_id="nope")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ProblemScreen))
        await pilot.press("q")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 1
    assert isinstance(app.failure, SessionUnknown)


async def test_a_model_that_cannot_be_loaded_leaves_the_program_alive(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers("hello")], open_error=ModelUnreadable("bad.gguf is damaged"))
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "bad.gguf is damaged" in chat_text(pilot))
        assert "no model: F5 tries again" in shown(the_app(pilot).main.query_one("#activity"))
        desk.model.open_error = None
        await pilot.press("f5")
        await idle(pilot)
        assert "scripted is ready" in trace_text(pilot)
        await said_and_done(pilot, "hi")
        assert "hello" in chat_text(pilot)


class SlowToLoad(HeldModel):
    """A model that is loaded when it is told to."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.may_open = asyncio.Event()

    async def open(self, progress: Callable[[float], None] | None = None) -> ModelInfo:
        if progress is not None:
            progress(0.4)
        await self.may_open.wait()
        return await super().open(progress)


class SlowDesk(Desk):
    """A desk whose model is loaded when it is told to."""

    def __init__(self, home: Path, *script: str) -> None:
        super().__init__(home)
        self.model: SlowToLoad = SlowToLoad(script)


async def test_a_message_typed_while_the_model_loads_waits_for_it(tmp_path: Path) -> None:
    desk = SlowDesk(tmp_path, answers("hello"))
    async with desk.app().run_test(size=(120, 36)) as pilot:
        app = the_app(pilot)
        await until(pilot, lambda: "loading the model 40 %" in shown(app.main.query_one("#activity")))
        await say(pilot, "hi")
        assert "waiting  hi" in screen_text(app.screen)
        desk.model.may_open.set()
        await idle(pilot)
        assert "hello" in chat_text(pilot)


async def test_a_message_that_waits_comes_back_when_the_model_cannot_be_loaded(tmp_path: Path) -> None:
    desk = SlowDesk(tmp_path)
    desk.model.open_error = ModelUnreadable("bad.gguf is damaged")
    async with desk.app().run_test(size=(120, 36)) as pilot:
        app = the_app(pilot)
        await until(pilot, lambda: app.conversation is not None and app.conversation.state == "loading")
        await say(pilot, "hi")
        desk.model.may_open.set()
        await idle(pilot)
        assert app.main.prompt.text == "hi"
        assert "TurnStarted" not in kinds(pilot)


async def test_escape_takes_a_message_back_that_waits_for_the_model(tmp_path: Path) -> None:
    desk = SlowDesk(tmp_path)
    async with desk.app().run_test(size=(120, 36)) as pilot:
        app = the_app(pilot)
        await until(pilot, lambda: app.conversation is not None and app.conversation.state == "loading")
        await say(pilot, "hi")
        await pilot.press("escape")
        assert app.main.prompt.text == "hi"
        desk.model.may_open.set()
        await idle(pilot)
        assert "TurnStarted" not in kinds(pilot)


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+d"])
async def test_leaving_while_the_model_loads_is_clean(tmp_path: Path, key: str) -> None:
    app = SlowDesk(tmp_path).app()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.conversation is not None and app.conversation.state == "loading")
        await pilot.press(key)
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0


async def test_an_unknown_theme_falls_back_and_is_said(tmp_path: Path) -> None:
    async with Desk(tmp_path).app(theme="no-such-theme").run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert pilot.app.theme == "textual-dark"
        assert "there is no theme 'no-such-theme'; there are: " in chat_text(pilot)
