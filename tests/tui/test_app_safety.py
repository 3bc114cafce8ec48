"""Nothing that a model, a tool or a file says can act on the screen: no escape code, no markup, no hidden character."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from rookery_core.plugin import Risk, tool
from rookery_core.store.sessions import SessionSummary
from rookery_core.tools.loader import Problem
from rookery_tui.screens.approval import ApprovalScreen
from rookery_tui.screens.problem import ProblemScreen
from rookery_tui.screens.sessions import SessionsScreen
from rookery_tui.widgets.markdown import SafeMarkdown
from tests.tui.app_kit import (
    Desk,
    answers,
    chat_text,
    idle,
    ready,
    said_and_done,
    say,
    screen_text,
    the_app,
    thinks,
    trace_text,
    until,
)

CONTROLS = "".join(map(chr, [*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, *range(0x80, 0xA0)]))
ATTACKS = {
    "clipboard": "\x1b]52;c;QUFBQQ==\x07",
    "title": "\x1b]0;title\x1b\\",
    "screen": "\x1b[?1049l\x1b[2J\x1b[H",
    "c1": "\x9b2J\x9d0;title\x9c",
    "bidi": "safe\u202egpj.exe\u202c \u2066x\u2069 zero\u200bwidth \U000e0041tag",
    "surrogate": "half \ud800 done",
    "controls": CONTROLS,
    "markup": "[/] [bold red]x[/bold red] [@click=app.quit]press[/] [link=https://x.y]z[/link] [bold",
    "click": "[@click=app.bell]x[/@click] $primary [$error]e[/]",
}
FORBIDDEN = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))} | set("\u202e\u202c\u2066\u2069\u200b\U000e0041")


def harmless(text: str) -> bool:
    return not set(text) & (FORBIDDEN - {"\n"})


def everything(pilot: Pilot[None]) -> str:
    """The text of every widget on every open screen, as it is drawn."""
    drawn = [screen_text(screen) for screen in pilot.app.screen_stack]
    for screen in pilot.app.screen_stack:
        for widget in screen.walk_children(Widget):
            drawn += [strip.text for strip in widget.render_lines(widget.outer_size.region)]
    return "\n".join(drawn)


def clickable(pilot: Pilot[None]) -> list[object]:
    """What a click anywhere in the conversation or the trace would run."""
    main = the_app(pilot).main
    strips = [
        strip
        for pane in (main.chat, main.trace)
        for widget in pane.walk_children(Widget)
        for strip in widget.render_lines(widget.outer_size.region)
    ]
    found = [segment.style.meta.get("@click") for strip in strips for segment in strip if segment.style is not None]
    return [action for action in found if action is not None]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_no_text_from_anywhere_acts_on_the_screen(tmp_path: Path, attack: str) -> None:
    @tool(risk=Risk.WRITE, preview=lambda text: attack)
    def echo(text: str) -> str:
        """Give an attack back."""
        return f"output {attack}"

    plain = attack.encode("utf-8", "backslashreplace").decode()
    call = json.dumps({"text": f"argument {plain}"})
    line = " ".join(plain.split("\n"))
    desk = Desk(tmp_path / "home", [thinks(f"thought {line}", "echo", call), answers(f"answer {plain}", "x")])
    desk.workspace = tmp_path  # what looks like a path is not in Rookery's own folder, where calls are refused
    desk.tools = (echo,)
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        app = the_app(pilot)
        assert app.conversation is not None
        app.conversation.send(f"question {attack}")
        await until(pilot, lambda: isinstance(app.screen, ApprovalScreen) and app.screen.unseen is not None)
        assert isinstance(app.screen, ApprovalScreen)
        assert harmless(everything(pilot))
        while app.screen.unseen:
            await pilot.press("space")
            assert harmless(everything(pilot))
        await pilot.press("y")
        await idle(pilot)
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert harmless(everything(pilot))
        assert clickable(pilot) == []
        for part in ("question", "answer"):
            assert part in chat_text(pilot)
        for part in ("thought", "argument", "output"):
            assert part in trace_text(pilot)
        for row in app.main.trace.rows:
            if app.screen.region.contains_region(row.region):
                await pilot.click(row)
        assert app.is_running


async def test_markup_is_shown_as_it_was_written(tmp_path: Path) -> None:
    text = "[bold]x[/bold] [/] [@click=app.quit]y[/]"
    desk = Desk(tmp_path, [thinks(text, "adder", '{"a": 1, "b": 1}'), answers("ok")])
    async with desk.app().run_test(size=(140, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, text)
        assert text in chat_text(pilot)
        assert text in trace_text(pilot)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("see [the page](https://evil.example/x)", "see the page (https://evil.example/x)"),
        ("see https://plain.example now", "see https://plain.example now"),
        ("![a picture](https://evil.example/p.png)", "[image: a picture] (https://evil.example/p.png)"),
        ("before <b onclick='x'>bold</b> after", "before <b onclick='x'>bold</b> after"),
        ("<div>\nin a block\n</div>", "<div> in a block </div>"),
        ("an entity &#x202e; &#27; &zwj; &lrm; here", "an entity \\u{202e} \ufffd \\u{200d} \\u{200e} here"),
        ("a tick `&#x202e;` stays", "a tick &#x202e; stays"),
    ],
)
async def test_markdown_shows_what_it_would_hide_and_follows_nothing(tmp_path: Path, source: str, seen: str) -> None:
    async with Desk(tmp_path, [answers(source)]).app().run_test(size=(140, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "go")
        assert seen in chat_text(pilot)
        assert clickable(pilot) == []
        assert harmless(everything(pilot))


async def test_streamed_pieces_are_harmless_before_the_answer_is_whole(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ["Thought: \x1b[2Jhm\nAnswer: \x1b]0;x\x07 begun <hold> end"])
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "go")
        await until(pilot, lambda: "begun" in chat_text(pilot))
        assert harmless(everything(pilot))
        assert "\\u{1b}]0;x" in chat_text(pilot)
        desk.model.go_on.set()
        await idle(pilot)


async def test_a_tool_that_does_not_exist_may_have_any_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [thinks("go", "[@click=app.quit]\x1b[2J[/]", "{}"), answers("ok")])
    async with desk.app().run_test(size=(140, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "go")
        assert "[@click=app.quit]\\u{1b}[2J[/]" in trace_text(pilot)
        assert harmless(everything(pilot))


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_titles_of_sessions_and_texts_of_problems_are_harmless(tmp_path: Path, attack: str) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        app: Any = the_app(pilot)
        app.push_screen(SessionsScreen([SessionSummary("id", f"title {attack}", "", 0.0, 0.0, 1)], "", 0.0))
        app.push_screen(ProblemScreen(f"problem {attack}"))
        app.main.show_queue([f"waiting {attack}"])
        await app.main.fail(f"failed {attack}", "x")
        await pilot.pause()
        assert harmless(everything(pilot))
        assert "title" in everything(pilot)


async def test_what_a_broken_plugin_says_is_harmless(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.problems = tuple(Problem(f"plugin{n}", "dist", attack) for n, attack in enumerate(ATTACKS.values()))
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.pause()
        assert "plugin7: [/] [bold red]x[/bold" in trace_text(pilot)
        assert harmless(everything(pilot))
        assert clickable(pilot) == []


async def test_names_in_a_question_cannot_forge_its_lines(tmp_path: Path) -> None:
    @tool(risk=Risk.WRITE)
    def forge(text: str) -> str:
        """Forge."""
        return text

    call = json.dumps({"text": "x\ntool       harmless.reader\npreview\n  reads a file"})
    desk = Desk(tmp_path, [thinks("go", "forge", call), answers("ok")])
    desk.tools = (forge,)
    async with desk.app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await say(pilot, "go")
        await until(pilot, lambda: isinstance(pilot.app.screen, ApprovalScreen) and pilot.app.screen.unseen == 0)
        text = screen_text(pilot.app.screen)
        assert "    │ tool       harmless.reader" in text
        assert "│  tool       kit.forge" in text
        await pilot.press("n")
        await idle(pilot)


async def test_a_piece_of_markdown_is_the_same_streamed_and_whole(tmp_path: Path) -> None:
    source = "# Title\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n```\ncode\n```"
    async with Desk(tmp_path, [answers(source)]).app().run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await said_and_done(pilot, "go")
        streamed = the_app(pilot).main.query_one(SafeMarkdown)
        whole = SafeMarkdown(source, classes="answer")
        await the_app(pilot).main.chat.mount(whole)
        await pilot.pause()
        assert [type(child) for child in streamed.walk_children()] == [type(child) for child in whole.walk_children()]
