"""Writing, sending, queueing, stopping, leaving."""

from __future__ import annotations

import re
import signal
import sqlite3
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from rookery_core.assistant import BY_A_SIGNAL, BY_THE_PERSON
from rookery_core.errors import ModelUnreadable
from rookery_core.events import TurnEnded, TurnStatus
from rookery_core.plugin import Risk, tool
from rookery_core.testing import ScriptedModel
from rookery_tui.exits import Exit
from rookery_tui.screens.help import sections
from rookery_tui.typed import COMMANDS
from rookery_tui.widgets.chat import PlainText
from tests.tui.app_kit import (
    HOLD,
    Desk,
    answers,
    chat_text,
    events_of,
    help_text,
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


def written(pilot: Pilot[None]) -> str:
    """What is in the input."""
    return the_app(pilot).main.prompt.text


def asked_for(pilot: Pilot[None]) -> list[str]:
    """The messages of all turns."""
    return [event.model_dump()["text"] for event in events_of(pilot) if type(event).__name__ == "TurnStarted"]


async def test_ctrl_j_begins_a_line_and_enter_sends_all(tmp_path: Path) -> None:
    async with Desk(tmp_path, [answers("ok")]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press(*"one", "ctrl+j", *"two", "enter")
        await idle(pilot)
        assert asked_for(pilot) == ["one\ntwo"]
        assert written(pilot) == ""


async def test_enter_without_text_sends_nothing(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("space", "enter")
        await idle(pilot)
        assert asked_for(pilot) == []


async def test_up_and_down_go_through_what_was_sent(tmp_path: Path) -> None:
    async with Desk(tmp_path, [answers("ok")] * 2).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "first")
        await said_and_done(pilot, "second")
        await pilot.press(*"draft")
        seen = []
        for key in ("up", "up", "up", "down", "down"):
            await pilot.press(key)
            seen.append(written(pilot))
        assert seen == ["second", "first", "first", "second", "draft"]


async def test_up_moves_inside_a_text_of_several_lines_first(tmp_path: Path) -> None:
    async with Desk(tmp_path, [answers("ok")]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "before")
        await pilot.press(*"a", "ctrl+j", *"b", "up")
        assert written(pilot) == "a\nb"
        await pilot.press("up")
        assert written(pilot) == "before"


async def test_a_message_sent_during_a_turn_waits_for_its_end(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers(f"one{HOLD}"), answers("two")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "first")
        await desk.model.held.wait()
        await say(pilot, "second")
        assert "waiting  second" in screen_text(pilot.app.screen)
        assert asked_for(pilot) == ["first"]
        desk.model.go_on.set()
        await idle(pilot)
        assert asked_for(pilot) == ["first", "second"]
        assert "waiting  second" not in screen_text(pilot.app.screen)


async def test_up_takes_a_waiting_message_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers(f"one{HOLD}")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "first")
        await desk.model.held.wait()
        await say(pilot, "second")
        await pilot.press("up")
        assert written(pilot) == "second"
        desk.model.go_on.set()
        await idle(pilot)
        assert asked_for(pilot) == ["first"]


async def test_escape_stops_the_turn_and_keeps_what_was_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers(f"the beginning{HOLD}the end"), answers("next")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "tell")
        await until(pilot, lambda: "the beginning" in chat_text(pilot))
        await pilot.press("escape")
        await idle(pilot)
        assert kinds(pilot)[-1] == "TurnEnded"
        assert "the beginning" in chat_text(pilot)
        assert "stopped by you; what was written is kept" in chat_text(pilot)
        assert "stopped by" not in trace_text(pilot)
        assert written(pilot) == ""
        assert len(the_app(pilot).main.query(".answer.-partial")) == 1
        await said_and_done(pilot, "go on")
        assert "next" in chat_text(pilot)


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [
        (0, 0, BY_THE_PERSON),
        (signal.SIGINT, 130, BY_THE_PERSON),
        (signal.SIGTERM, 143, BY_A_SIGNAL),
        (1, Exit.HUNG_UP, BY_A_SIGNAL),
    ],
)
async def test_what_ended_the_program_in_a_turn_is_stored(tmp_path: Path, number: int, code: int, reason: str) -> None:
    desk = Desk(tmp_path, [answers(f"the beginning{HOLD}the end")])
    app = desk.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "tell")
        await until(pilot, lambda: "the beginning" in chat_text(pilot))
        app.leave(number)
        await until(pilot, lambda: app._exit)
        (ended,) = [event for event in events_of(pilot) if isinstance(event, TurnEnded)]
    assert (ended.status, ended.reason) == (TurnStatus.INTERRUPTED, reason)
    assert app.return_code == code


async def test_escape_before_the_first_token_gives_the_text_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [f"<hold> {answers('late')}"])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "a question with a tpyo")
        await desk.model.held.wait()
        await pilot.press("escape")
        await idle(pilot)
        assert written(pilot) == "a question with a tpyo"
        assert "stopped by you" in chat_text(pilot)
        assert "what was written" not in chat_text(pilot)


async def test_escape_before_the_first_token_leaves_a_text_that_was_begun_since(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [f"<hold> {answers('late')}"])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "old")
        await desk.model.held.wait()
        await pilot.press(*"new", "escape")
        await idle(pilot)
        assert written(pilot) == "new"


async def test_waiting_messages_come_back_unsent_when_the_turn_is_stopped(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers(f"one{HOLD}"), answers("two")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "first")
        await desk.model.held.wait()
        await say(pilot, "second")
        await say(pilot, "third")
        await pilot.press(*"draft", "escape")
        await idle(pilot)
        assert asked_for(pilot) == ["first"]
        assert written(pilot) == "second\n\nthird\ndraft"
        assert "waiting" not in screen_text(pilot.app.screen)
        await pilot.press("enter")
        await idle(pilot)
        assert asked_for(pilot) == ["first", "second\n\nthird\ndraft"]


async def test_a_message_sent_while_the_turn_is_being_stopped_is_carried_out(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers(f"one{HOLD}"), answers("two")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "first")
        await desk.model.held.wait()
        conversation = the_app(pilot).conversation
        assert conversation is not None
        conversation.stop()
        conversation.send("instead")
        await idle(pilot)
        assert asked_for(pilot) == ["first", "instead"]


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_ctrl_c_clears_the_input_then_stops_the_turn_then_quits(tmp_path: Path) -> None:
    desk, clock = Desk(tmp_path, [answers(f"one{HOLD}")]), Clock()
    app = desk.app(clock=clock)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "first")
        await desk.model.held.wait()
        await pilot.press(*"typed", "ctrl+c")
        assert written(pilot) == ""
        assert app.conversation is not None
        assert app.conversation.state == "turn"
        await pilot.press("ctrl+c")
        await idle(pilot)
        assert kinds(pilot)[-1] == "TurnEnded"
        await pilot.press("ctrl+c")
        assert "Ctrl+C again quits" in shown(app.main.query_one("#activity"))
        clock.now += 5
        await pilot.press("ctrl+c")
        assert app.is_running
        clock.now += 1
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0


async def test_what_ctrl_c_cleared_is_in_the_history(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press(*"precious", "ctrl+c", "up")
        assert written(pilot) == "precious"


async def test_ctrl_d_quits_only_without_text(tmp_path: Path) -> None:
    app = Desk(tmp_path).app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press(*"ab", "left", "ctrl+d")
        assert written(pilot) == "a"
        await pilot.press("ctrl+c", "ctrl+d")
        await until(pilot, lambda: app._exit)


async def test_ctrl_y_copies_the_last_answer_without_hidden_characters(tmp_path: Path) -> None:
    app = Desk(tmp_path, [answers("plain\x1b]52;c;AAAA\x07")]).app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+y")
        assert app.clipboard == ""
        await said_and_done(pilot, "go")
        await pilot.press("ctrl+y")
        assert "sent to the terminal's clipboard" in shown(app.main.query_one("#activity"))
        assert app.clipboard == "plain\\u{1b}]52;c;AAAA\\u{7}"


async def test_a_message_too_large_for_the_window_comes_back(tmp_path: Path) -> None:
    large = "word " * 3000
    async with Desk(tmp_path, [answers("ok")]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        the_app(pilot).main.prompt.insert(large * 3)
        await pilot.press("enter")
        await idle(pilot)
        assert "not sent: the message is too large" in chat_text(pilot)
        assert written(pilot) == (large * 3).strip()


async def test_a_store_that_cannot_be_written_gives_the_text_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers("ok"), answers("works again")])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "one")
        other = sqlite3.connect(tmp_path / "rookery.db", isolation_level=None)
        other.execute("ALTER TABLE events RENAME TO hidden")
        await said_and_done(pilot, "two")
        assert "cannot be used" in chat_text(pilot)
        assert "not stored" in shown(the_app(pilot).main.query_one("#activity"))
        assert written(pilot) == "two"
        other.execute("ALTER TABLE hidden RENAME TO events")
        other.close()
        await pilot.press("enter")
        await idle(pilot)
        assert "works again" in chat_text(pilot)


async def test_two_slashes_send_a_message_with_one(tmp_path: Path) -> None:
    async with Desk(tmp_path, [answers("ok")]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "//etc/hosts is what?")
        assert asked_for(pilot) == ["/etc/hosts is what?"]


async def test_an_unknown_command_is_told_and_kept(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/sesions")
        await idle(pilot)
        assert "did you mean /sessions?" in chat_text(pilot)
        assert written(pilot) == "/sesions"
        assert asked_for(pilot) == []


async def test_slash_tools_lists_the_tools(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/tools")
        await idle(pilot)
        assert "adder" in chat_text(pilot)
        assert "pure · kit (kit-dist) · 8 tokens" in chat_text(pilot)
        assert "Add two numbers." in chat_text(pilot)


async def test_slash_result_shows_what_was_too_long_for_the_model(tmp_path: Path) -> None:
    @tool(risk=Risk.PURE, max_output=100)
    def much() -> str:
        """Says much."""
        return "\n".join(f"row {n}" for n in range(60)) + "\n\x1b[31mred"

    desk = Desk(tmp_path, [thinks("look", "much", "{}"), answers("done")])
    desk.tools = (much,)
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/result")
        await until(pilot, lambda: "No result was cut in this session." in chat_text(pilot))
        await said_and_done(pilot, "go")
        await say(pilot, "/result")
        await until(pilot, lambda: "1  much, turn 1," in chat_text(pilot))
        await say(pilot, "/result 1")
        await until(pilot, lambda: "row 33" in chat_text(pilot) and "\\u{1b}[31mred" in chat_text(pilot))
        await say(pilot, "/result 7")
        await until(pilot, lambda: "there is no text 7 in this session; /result lists" in chat_text(pilot))


async def test_slash_plugins_lists_them_and_says_what_it_can(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/plugins")
        await until(pilot, lambda: "calculator  built in" in chat_text(pilot))
        await say(pilot, "/plugins disable nosuch")
        await until(pilot, lambda: "no installed plugin named nosuch" in chat_text(pilot))


async def test_slash_model_lists_the_models_and_goes_on_with_another(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [answers(f"I am the first.{HOLD}Really.")])
    bad = ScriptedModel([], name="bad", open_error=ModelUnreadable("bad is broken"))
    desk.others = [ScriptedModel([answers("I am the second.")] * 2, name="second"), bad]
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "who?")
        await until(pilot, desk.model.held.is_set)
        await say(pilot, "/model second")
        await say(pilot, "and now?")
        desk.model.go_on.set()
        await idle(pilot)
        assert "I am the second." in chat_text(pilot)
        assert "second · " in screen_text(pilot.app.screen)
        await said_and_done(pilot, "/model bad")
        assert "bad is broken" in chat_text(pilot)
        assert "second stays the model." in chat_text(pilot)
        await said_and_done(pilot, "/model")
        assert "    scripted  (loaded)\n  * second  (loaded)\n    bad\n" in chat_text(pilot)
        assert asked_for(pilot) == ["who?", "and now?"]


async def test_slash_trace_and_slash_quit_do_what_the_keys_do(tmp_path: Path) -> None:
    app = Desk(tmp_path).app()
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "/trace")
        assert not app.main.trace.display
        await say(pilot, "/quit")
        await until(pilot, lambda: app._exit)


async def test_f1_lists_every_key_and_command(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("f1")
        await pilot.pause()
        assert "/quit" not in screen_text(pilot.app.screen)
        text = await help_text(pilot)
        for part in ("Ctrl+J", "Ctrl+T", "Ctrl+C", "Esc", "Ctrl+R", "Ctrl+O", *(f"/{name}" for name in COMMANDS)):
            assert part in text
        for title, listed in sections(pilot.app.BINDINGS):
            assert title in text
            for key, what in listed:
                assert re.search(rf"{re.escape(key)} +{re.escape(what.split()[0])}", text), key
        await pilot.press("escape")
        assert pilot.app.screen is the_app(pilot).main


async def test_ctrl_p_opens_the_palette(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert type(pilot.app.screen).__name__ == "CommandPalette"
        await pilot.press("escape")


async def test_hidden_characters_that_are_pasted_become_visible(tmp_path: Path) -> None:
    async with Desk(tmp_path, [answers("ok")]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        the_app(pilot).main.prompt.post_message(events.Paste("ls\r\nrm \u202egpj.x\x1b[2J\x9b"))
        await pilot.pause()
        assert written(pilot) == "ls\nrm \\u{202e}gpj.x\\u{1b}[2J\\u{9b}"
        await pilot.press("enter")
        await idle(pilot)
        assert the_app(pilot).main.query_one(PlainText).content == "ls\nrm \\u{202e}gpj.x\\u{1b}[2J\\u{9b}"


async def test_page_keys_scroll_the_conversation_from_the_input(tmp_path: Path) -> None:
    long = answers("\n\n".join(f"paragraph {n}" for n in range(80)))
    async with Desk(tmp_path, [long]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("pageup")
        await said_and_done(pilot, "long")
        chat = the_app(pilot).main.chat
        bottom = chat.scroll_y
        assert bottom == chat.max_scroll_y > 0
        await pilot.press("pageup")
        await pilot.pause()
        assert chat.scroll_y < bottom
        await pilot.press("pagedown", "pagedown")
        await pilot.pause()
        assert chat.scroll_y == bottom
        assert trace_text(pilot)


async def test_what_is_typed_goes_into_the_input_wherever_the_focus_is(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        main = the_app(pilot).main
        main.trace.focus()
        await pilot.press(*"hey")
        assert written(pilot) == "hey"
        assert main.focused is main.prompt


async def test_escape_leads_back_to_the_input(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        main = the_app(pilot).main
        await pilot.press("tab")
        assert main.focused is not main.prompt
        await pilot.press("escape")
        assert main.focused is main.prompt
