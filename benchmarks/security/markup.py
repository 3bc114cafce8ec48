"""Texts that look like markup, as what tools, names, files and errors say: crashes, altered texts, actions fired.

python benchmarks/security/markup.py [--files N] [--json FILE]

The texts are tags of Textual's markup and of Markdown's links and HTML, the Big List of Naughty Strings, and files of
Python's standard library. Each is shown in a message, a thought, a call's arguments, its result, a question, a list, a
notice and the input of the full-screen program; then what is drawn is compared with the text, and every cell of every
pane is looked at for an action, and rows are clicked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import sysconfig
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from textual.app import App, ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from rookery_core.events import ApprovalRequested, QuestionAsked
from rookery_core.store.sessions import SessionSummary
from rookery_core.text import storable, visible
from rookery_tui.call_view import as_text, call_view
from rookery_tui.presenter import Row, question_text
from rookery_tui.screens.approval import ApprovalScreen
from rookery_tui.screens.problem import ProblemScreen
from rookery_tui.screens.question import Choices, QuestionScreen
from rookery_tui.screens.sessions import SessionsScreen
from rookery_tui.widgets.call import CallRows
from rookery_tui.widgets.chat import Answer, PlainText
from rookery_tui.widgets.prompt import Prompt
from rookery_tui.widgets.status import StatusLine
from rookery_tui.widgets.text import capped
from rookery_tui.widgets.trace import TraceRow

TAGS = [
    "[/]", "[/bold]", "[bold", "[bold]", "[bold red]x[/bold red]", "[@click=app.fired('x')]press[/]",
    "[@click=app.fired]press[/@click]", "[@click=screen.fired('y')]z[/]", "[link=https://e.example/x]z[/link]",
    "[link='javascript:x']z[/]", "[$error]e[/]", "[on red]b[/]", "[#123456]c[/]", "[[nested]]", "\\[escaped]", "[]",
    "[ ]", "[1, 2][0]", "a[b]c[/b]", "[@mouse.down=app.fired()]x[/]", "[auto]x[/]", "[reverse]x[/reverse]",
    "[not bold]x[/]",
    "[x](app.fired)", "[x](https://e.example)", "![x](https://e.example/p.png)", "<https://e.example>",
    "<b onclick=x>y</b>",
    "<a href='https://e.example'>x</a>", "&#27;[2J &lsqb;bold&rsqb;", "{x!r} %s %(y)s {0}", ":smile: :rocket:",
    "http://e.example/?[@click=app.fired()]", "\\u{1b}", "| a |\n|---|\n| [@click=app.fired()]x[/] |",
]  # fmt: skip
PANES = ("a message", "a row", "an open row", "an answer", "a question about a call", "a tool's question", "a choice",
         "a session's title", "a problem", "the input", "the status line")  # fmt: skip


def standard_library(n: int) -> list[str]:
    """The texts of so many files of Python's standard library, all of its top folder first."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = sorted(folder.glob("*.py"))[:n]
    return [file.read_text(encoding="utf-8", errors="replace") for file in files]


def naughty(file: Path) -> list[str]:
    """The strings of the Big List."""
    return [str(each) for each in json.loads(file.read_text(encoding="utf-8"))]


class Fires(App[None]):
    """A program with an action that nothing may fire."""

    fired = 0

    def compose(self) -> ComposeResult:
        yield Prompt(id="prompt")
        yield StatusLine(id="status")

    def action_fired(self, *what: object) -> None:
        self.fired += 1


def content_of(widget: Widget) -> str:
    """The text that a widget draws."""
    made = widget.render()
    return made.plain if isinstance(made, Content) else str(made)


def actions_in(screen: Screen[Any]) -> list[object]:
    """What a click anywhere would run."""
    found = []
    for widget in screen.walk_children(Widget):
        if widget.size:
            for strip in widget.render_lines(widget.outer_size.region):
                found += [segment.style.meta.get("@click") for segment in strip if segment.style is not None]
    return [each for each in found if each is not None]


async def tried(texts: Sequence[str], *, at_once: int = 1) -> list[tuple[str, str]]:
    """What went wrong, as the pane and the beginning of the text; `at_once` texts are shown together."""
    wrong: list[tuple[str, str]] = []
    app = Fires()
    async with app.run_test(size=(100, 40)) as pilot:
        for start in range(0, len(texts), at_once):
            group = texts[start : start + at_once]
            async for pane, problem in _shown_everywhere(app, pilot, group, clicks=at_once == 1):
                wrong.append((pane, f"{problem}: {group[0][:40]!r}"))
        if app.fired:
            wrong.append(("anywhere", f"{app.fired} actions fired"))
    return wrong


async def _shown_everywhere(
    app: Fires, pilot: Any, texts: Sequence[str], *, clicks: bool
) -> AsyncGenerator[tuple[str, str], None]:
    shown: list[tuple[str, Widget, str | None]] = []
    for text in texts:
        seen = visible(text)
        row = Row("observation", "title", seen)
        shown += [
            ("a message", PlainText(text, 1, "person"), capped(seen)),
            ("a row", TraceRow(Row("action", seen.split("\n")[0][:100], seen)), None),
            ("an open row", TraceRow(row, live=True), f"◀ observation\n{capped(seen or 'title')}"),
            ("an answer", Answer(text[:2_000], 1), None),
        ]
    text = "\n".join(texts)
    seen = visible(text)
    await app.screen.mount_all([widget for _, widget, _ in shown], before=0)
    app.query_one(StatusLine).say(text)
    app.query_one(Prompt).load_text("")
    app.query_one(Prompt).put(text[:5_000])
    await pilot.pause()
    for pane, widget, wanted in shown:
        if wanted is not None and content_of(widget) != wanted:
            yield pane, "altered"
        if actions_in(app.screen):
            yield pane, "an action"
    if app.query_one(Prompt).text != visible(text[:5_000]):
        yield "the input", "altered"
    if clicks:
        for _, widget, _ in shown:
            if app.screen.region.contains_region(widget.region) and widget.region:
                await pilot.click(widget, offset=(2, 0))
    await app.screen.remove_children([widget for _, widget, _ in shown])
    request = ApprovalRequested(
        call_id="1", tool=text[:50], plugin="p", distribution=text[:50], risk="write",
        arguments={"text": storable(text)[:5_000]}, workspace="w", preview=text[:5_000],
    )  # fmt: skip
    asked = QuestionAsked(call_id="1", tool=text[:50], question=text[:5_000], choices=(text[:60] or "x", "two"))
    for pane, screen, wanted in (
        ("a question about a call", ApprovalScreen(request, 0.0), None),
        ("a tool's question", QuestionScreen(asked, 0.0), question_text(asked)),
        ("a session's title", SessionsScreen([SessionSummary("i", text, "", 0.0, 0.0, 1)], "", 0.0), None),
        ("a problem", ProblemScreen(text), capped(seen)),
    ):
        app.push_screen(screen)  # type: ignore[arg-type]
        await pilot.pause()
        drawn = [content_of(each) for each in screen.walk_children(Static)]
        for call in screen.query("#call").results(CallRows):
            width, height = call.scrollable_content_region.size
            lines = [call.render_line(y).text.rstrip() for y in range(height)]
            whole = as_text(call_view(request).lines, width).split("\n")
            if not height or lines[: len(whole)] != whole[:height]:
                yield pane, "altered"
        if wanted is not None and wanted not in drawn and wanted not in "\n".join(drawn):
            yield pane, "altered"
        if actions_in(screen):
            yield pane, "an action"
        for choices in screen.query(Choices):
            if str(choices.get_option_at_index(0).prompt) == "":
                yield "a choice", "altered"
        app.pop_screen()
        await pilot.pause()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=171, help="files of the standard library")
    parser.add_argument("--naughty", type=Path, default=Path(__file__).parents[2] / "tests/data/security/blns.json")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    kinds = {"tags": TAGS, "naughty strings": naughty(given.naughty), "standard library": standard_library(given.files)}
    n, wrong = 0, []
    for kind, texts in kinds.items():
        found = asyncio.run(tried(texts, at_once=25 if kind == "naughty strings" else 1))
        n += len(texts) * len(PANES)
        wrong += found
        print(f"{kind:18} {len(texts)} texts x {len(PANES)} panes: {len(found)} wrong {found[:5]}", flush=True)
    print(f"N = {n}: {len(wrong)}{'' if wrong else f', upper bound {3 / n:.3%}'}")
    if given.json:
        given.json.write_text(json.dumps(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
