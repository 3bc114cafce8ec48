"""The question about a call on a full screen, with questions of all levels: what each key does, and what none does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from benchmarks.security.questions import Asks
from textual import events
from textual.pilot import Pilot
from textual.widgets import TextArea

from rookery_core.approval.policy import Reply
from rookery_core.events import Decision
from rookery_tui.screens.approval import ApprovalScreen
from rookery_tui.screens.changing import ChangingScreen
from rookery_tui.widgets.call import CallRows
from tests.tui.app_kit import screen_text, shown, type_at_once
from tests.tui.call_kit import arguments_on, fact, request

ROUNDS = 400
LONG = {"command": "\n".join(f"echo {n}" for n in range(200))}
GRAVE: dict[str, Any] = {"level": "R3", "always": ("git log ...",)}


async def until(pilot: Pilot[None], what: Any) -> None:
    for _ in range(ROUNDS):
        if what():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"it never came about; the screen shows:\n{screen_text(pilot.app.screen)}")


def asks(pilot: Pilot[None]) -> Asks:
    assert isinstance(pilot.app, Asks)
    return pilot.app


def opened(pilot: Pilot[None]) -> ApprovalScreen:
    screen = pilot.app.screen
    assert isinstance(screen, ApprovalScreen), f"{screen}; answered: {asks(pilot).replies}"
    return screen


async def put(pilot: Pilot[None], **changes: Any) -> None:
    """Put a question, and wait until it was looked at."""
    asks(pilot).run_worker(asks(pilot).ask(request(**changes)))
    await until(pilot, lambda: isinstance(pilot.app.screen, ApprovalScreen | ChangingScreen))
    await until(pilot, lambda: not isinstance(s := pilot.app.screen, ApprovalScreen) or s.unseen is not None)


@asynccontextmanager
async def asked(
    *, size: tuple[int, int] = (100, 40), grace_s: float = 0.0, **changes: Any
) -> AsyncIterator[Pilot[None]]:
    async with Asks(grace_s).run_test(size=size) as pilot:
        await put(pilot, **changes)
        yield pilot


async def answered(pilot: Pilot[None]) -> Reply:
    await until(pilot, lambda: asks(pilot).replies)
    return asks(pilot).replies.pop()


# -- keys ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["R0", "R1", "R2"])
@pytest.mark.parametrize(("key", "decision"), [("y", Decision.ONCE), ("s", Decision.SESSION), ("n", Decision.DENY)])
async def test_what_stays_in_the_workspace_is_answered_by_one_key(level: str, key: str, decision: Decision) -> None:
    async with asked(level=level) as pilot:
        await pilot.press(key)
        assert await answered(pilot) == Reply(decision)


@pytest.mark.parametrize("level", ["R3", ""])
@pytest.mark.parametrize(("key", "decision"), [("y", Decision.ONCE), ("s", Decision.SESSION)])
async def test_what_reaches_further_is_allowed_by_enter_behind_the_key(
    level: str, key: str, decision: Decision
) -> None:
    async with asked(level=level) as pilot:
        await pilot.press("enter", key)
        assert "Enter allows it" in screen_text(opened(pilot))
        assert "any other key goes back" in screen_text(opened(pilot))
        await pilot.press("enter")
        assert await answered(pilot) == Reply(decision)


@pytest.mark.parametrize("key", ["y", "n", "s", "a", "escape", "x", "f", "v", "e", "tab"])
async def test_any_other_key_than_enter_goes_back_and_answers_nothing(key: str) -> None:
    async with asked(**GRAVE) as pilot:
        await pilot.press("y", key)
        assert "y once" in screen_text(opened(pilot))
        assert not asks(pilot).replies
        await pilot.press("enter")
        assert opened(pilot)
        await pilot.press("n")
        assert await answered(pilot) == Reply(Decision.DENY)


async def test_always_shows_what_would_be_remembered_and_where_before_enter_allows_it() -> None:
    async with asked(always=("writing a.txt\u202e", "writing b.txt")) as pilot:
        await pilot.press("a")
        shown = screen_text(opened(pilot))
        for part in ("files.write: writing a.txt\\u{202e}", "files.write: writing b.txt", "/home/me/rules.toml",
                     "Enter allows it and remembers that, any other key goes back"):  # fmt: skip
            assert part in shown
        assert "path     │ a.txt" not in shown
        await pilot.press("x")
        assert "path     │ a.txt" in screen_text(opened(pilot))
        await pilot.press("a", "enter")
        assert await answered(pilot) == Reply(Decision.ALWAYS)


async def test_what_would_be_remembered_has_to_be_read_to_its_end_too() -> None:
    async with asked(always=tuple(f"writing {n}.txt" for n in range(60)), size=(80, 24)) as pilot:
        await pilot.press("a", "enter")
        assert opened(pilot)
        assert "unseen lines" in screen_text(opened(pilot))
        for _ in range(6):
            await pilot.press("space")
        await pilot.press("enter")
        assert await answered(pilot) == Reply(Decision.ALWAYS)


@pytest.mark.parametrize(("key", "changes"), [("s", {"remembers": ()}), ("a", {"always": ()})])
async def test_what_is_not_offered_is_not_allowed(key: str, changes: dict[str, Any]) -> None:
    async with asked(**changes) as pilot:
        assert f"{key} " not in screen_text(opened(pilot)).split("size")[-1].splitlines()[-3]
        await pilot.press(key, "enter")
        assert opened(pilot)


async def test_a_question_says_which_agent_asks() -> None:
    async with asked(agent="scout", parent="main") as pilot:
        assert "asked by   agent scout, for main" in screen_text(opened(pilot))


async def test_what_the_model_claims_is_in_a_box_and_what_was_found_out_is_not() -> None:
    async with asked(claimed="program    /bin/true", facts=(fact("program", "/usr/bin/rm"),)) as pilot:
        shown = screen_text(opened(pilot))
        assert "  program    /usr/bin/rm" in shown
        assert "╭─ claimed by the model, not checked ─" in shown
        assert "│ program    /bin/true " in shown


# -- seeing -------------------------------------------------------------------------------------------------------


async def test_nothing_is_allowed_before_every_line_was_on_the_screen() -> None:
    async with asked(arguments=LONG, always=("x",)) as pilot:
        await pilot.press("y", "s", "a", "enter", "end", "y", "s", "a", "enter", "home", "y")
        screen = opened(pilot)
        assert screen.unseen
        assert f"unseen lines: {screen.unseen}" in screen_text(screen)
        while screen.unseen:
            await pilot.press("space")
            await pilot.pause()
        assert "all seen" in screen_text(screen)
        await pilot.press("y")
        assert await answered(pilot) == Reply(Decision.ONCE)


async def test_ten_thousand_lines_can_be_gone_through_and_their_end_is_one_key_away() -> None:
    command = "\n".join(f"echo {n}" for n in range(10_000))
    async with asked(arguments={"command": command}) as pilot:
        screen = opened(pilot)
        await pilot.press("end")
        await until(pilot, lambda: "echo 9999" in screen_text(screen))
        assert screen.unseen is not None
        assert screen.unseen > 9_000
        await pilot.press("y")
        assert opened(pilot) is screen
        call = screen.query_one("#call", CallRows)
        assert arguments_on(call.rows) == {"command": command}


async def test_what_was_seen_stays_seen_when_the_terminal_is_resized_and_what_was_not_stays_locked() -> None:
    async with asked(arguments=LONG) as pilot:
        screen = opened(pilot)
        await pilot.press("end", "space")
        await pilot.pause()
        for size in ((60, 20), (120, 40), (30, 10), (100, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert screen.unseen
            await pilot.press("y")
            assert opened(pilot) is screen
        while screen.unseen:
            await pilot.press("space")
            await pilot.pause()
        await pilot.resize_terminal(70, 30)
        await pilot.pause()
        assert screen.unseen == 0


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (30, 7), (14, 3), (14, 2)])
async def test_the_keys_are_on_every_screen(size: tuple[int, int]) -> None:
    async with asked(size=size, arguments=LONG, always=("x",)) as pilot:
        keys = opened(pilot).query_one("#keys")
        assert opened(pilot).region.contains_region(keys.region)
        assert [word for word in shown(keys).split() if len(word) == 1 and word != "·"] == list("ysaenfv")


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 30), (200, 1)])
async def test_on_a_screen_that_shows_nothing_nothing_is_allowed_and_nothing_breaks(size: tuple[int, int]) -> None:
    async with asked(size=size, **GRAVE) as pilot:
        await pilot.press(
            "y", "enter", "s", "enter", "a", "enter", "v", "v", "e", "escape", "f", "escape", "end", "space", "y"
        )
        assert not asks(pilot).replies
        await pilot.press("n")
        assert await answered(pilot) == Reply(Decision.DENY)


async def test_the_whole_screen_finds_a_text_and_goes_back_to_the_same_question() -> None:
    async with asked(arguments=LONG) as pilot:
        screen = opened(pilot)
        before = screen.unseen
        await pilot.press("v", "y", "s", "n")
        assert opened(pilot) is screen
        assert "Esc back to the question" in screen_text(screen)
        await pilot.press("slash", *"ECHO 15", "enter", "enter")
        await until(pilot, lambda: "echo 150" in screen_text(screen))
        await pilot.press("escape", "escape")
        assert "y once" in screen_text(screen)
        assert screen.unseen is not None
        assert before is not None
        assert screen.unseen < before
        await pilot.press("escape")
        assert await answered(pilot) == Reply(Decision.DENY)


# -- changing -----------------------------------------------------------------------------------------------------


def areas(pilot: Pilot[None]) -> list[TextArea]:
    assert isinstance(pilot.app.screen, ChangingScreen)
    return list(pilot.app.screen.query(TextArea))


async def test_e_changes_the_arguments_and_answers_with_them() -> None:
    arguments = {"path": "a.txt", "text": "one\ntwo\u202e", "mode": {"n": 1}}
    async with asked(arguments=arguments, **GRAVE) as pilot:
        await pilot.press("e")
        path, text, mode = areas(pilot)
        assert text.text == "one\ntwo\\u{202e}"
        assert mode.text == '{\n  "n": 1\n}'
        path.load_text("b.txt")
        mode.load_text("[true]")
        await pilot.press("ctrl+s")
        reply = await answered(pilot)
        assert reply == Reply(Decision.EDIT, arguments={"path": "b.txt", "text": "one\ntwo\u202e", "mode": [True]})


async def test_what_is_no_json_is_named_beside_it_and_nothing_is_answered() -> None:
    async with asked(arguments={"text": "x", "n": 1}) as pilot:
        await pilot.press("e")
        areas(pilot)[1].load_text("{")
        await pilot.press("ctrl+s")
        assert "no JSON: expecting property name" in screen_text(pilot.app.screen)
        areas(pilot)[1].load_text("2")
        await pilot.press("ctrl+s")
        assert (await answered(pilot)).arguments == {"text": "x", "n": 2}


async def test_escape_goes_back_to_the_question_with_what_was_written_kept() -> None:
    async with asked(arguments={"text": "x"}) as pilot:
        await pilot.press("e")
        areas(pilot)[0].load_text("half a though")
        await pilot.press("escape")
        assert "text     │ x" in screen_text(opened(pilot))
        await pilot.press("e")
        assert areas(pilot)[0].text == "half a though"
        await pilot.press("escape", "y")
        assert await answered(pilot) == Reply(Decision.ONCE)


async def test_the_same_arguments_are_no_answer() -> None:
    async with asked(arguments={"text": "x", "n": 1}) as pilot:
        await pilot.press("e", "ctrl+s")
        assert opened(pilot)
        assert not asks(pilot).replies


async def test_a_change_that_was_not_taken_comes_back_with_why_and_what_was_written() -> None:
    async with asked(arguments={"text": "x", "n": 1}) as pilot:
        await pilot.press("e")
        areas(pilot)[1].load_text('"three"')
        await pilot.press("ctrl+s")
        assert (await answered(pilot)).arguments == {"text": "x", "n": "three"}
        await put(pilot, arguments={"text": "x", "n": 1}, reason="your change cannot be used: n is no number")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangingScreen))
        why = "your change cannot be used: n is no number"
        await until(pilot, lambda: why in screen_text(pilot.app.screen))
        assert [area.text for area in areas(pilot)] == ["x", "three"]
        await pilot.press("escape")
        assert "n        = 1" in screen_text(opened(pilot))
        await pilot.press("n")
        assert await answered(pilot) == Reply(Decision.DENY)


async def test_what_is_pasted_into_an_argument_hides_nothing_and_is_meant_as_it_was() -> None:
    async with asked(arguments={"text": ""}) as pilot:
        await pilot.press("e")
        pilot.app.screen.query_one(TextArea).post_message(events.Paste("a\u202e\r\n\\u{41}"))
        await pilot.pause()
        assert areas(pilot)[0].text == "a\\u{202e}\n\\u{5c}u{41}"
        await pilot.press("ctrl+s")
        assert (await answered(pilot)).arguments == {"text": "a\u202e\n\\u{41}"}


async def test_a_question_that_is_withdrawn_takes_the_form_with_it() -> None:
    async with Asks(0.0).run_test() as pilot:
        worker = asks(pilot).run_worker(asks(pilot).ask(request()), exit_on_error=False)
        await until(pilot, lambda: isinstance(pilot.app.screen, ApprovalScreen))
        await pilot.press("e")
        worker.cancel()
        await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert not asks(pilot).replies


# -- what is no answer --------------------------------------------------------------------------------------------

STRAY = ("yes", "yes\n", "yy", "y\n", "a\n", "say yes\n", "\n\n", "s\n", "sy", "ye")


@pytest.mark.parametrize("level", ["R2", "R3"])
async def test_what_is_typed_in_one_go_allows_nothing(level: str) -> None:
    async with asked(level=level, always=("x",), grace_s=0.1) as pilot:
        screen = opened(pilot)
        for text in STRAY:
            await until(pilot, lambda: screen.grace.armed)
            type_at_once(pilot, text)
            await pilot.pause(0.15)
            assert opened(pilot) is screen
        await until(pilot, lambda: screen.grace.armed)
        await pilot.press("n")
        assert await answered(pilot) == Reply(Decision.DENY)


async def test_what_was_typed_before_the_question_came_is_no_answer() -> None:
    async with Asks(0.1).run_test() as pilot:
        for text in STRAY:
            type_at_once(pilot, text)
            worker = asks(pilot).run_worker(asks(pilot).ask(request()), exit_on_error=False)
            type_at_once(pilot, text)
            await until(pilot, lambda: isinstance(pilot.app.screen, ApprovalScreen))
            await pilot.pause(0.15)
            assert opened(pilot)
            worker.cancel()
            await until(pilot, lambda: len(pilot.app.screen_stack) == 1)
        assert not asks(pilot).replies


async def test_coming_back_to_the_terminal_begins_the_silence_anew() -> None:
    async with asked(grace_s=0.3) as pilot:
        screen = opened(pilot)
        await until(pilot, lambda: screen.grace.armed)
        for happens in (events.AppBlur(), events.AppFocus()):
            pilot.app.post_message(happens)
            await pilot.pause()
        await pilot.press("y")
        await pilot.pause(0.35)
        assert opened(pilot) is screen


@pytest.mark.parametrize("pasted", ["y", "y\n", "yes\r", "\ny\n\n", "s\n", "a\n\n"])
async def test_a_paste_is_no_answer_whatever_its_lines_are(pasted: str) -> None:
    async with asked(**GRAVE) as pilot:
        await pilot.press("y")
        pilot.app.post_message(events.Paste(pasted))
        await pilot.pause()
        assert "y once" in screen_text(opened(pilot))
        assert not asks(pilot).replies


async def test_no_place_of_the_question_can_be_clicked_to_allow_it() -> None:
    async with asked(size=(80, 24), **GRAVE) as pilot:
        for key in ("", "y", "a"):
            if key:
                await pilot.press(key)
            for y in range(0, 24, 2):
                for x in range(2, 80, 20):
                    await pilot.click(offset=(x, y))
        assert not asks(pilot).replies
