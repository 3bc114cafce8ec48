"""What a question about a call shows: lines that a text inside cannot leave, cut to a width without losing a character.

Pure, and the same for every front end. A line of an argument stands behind a bar, one that does not fit goes on behind
a broken bar, and every text is `written` so that it can be read back from the screen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from rookery_core.events import ApprovalRequested
from rookery_core.sandbox.level import UNCONFINED
from rookery_tui.exact import MARK, n_hidden, written, written_flat
from rookery_tui.lookalikes import LookAlikes, look_alikes

Tone = Literal["plain", "grave", "careful", "name", "quiet", "claim", "added", "removed"]
LEVELS = {
    "R0": "nothing but a result",
    "R1": "reading in the workspace",
    "R2": "a change in the workspace",
    "R3": "programs, the network, or files elsewhere",
}
"""What each level means to a person."""
MAIN = "main"
WITHOUT = "a new session (/new) begins without them"
CLAIMED = "claimed by the model"
CONFINED = "confined"
"""The label of the fact that says how programs are confined."""
PRIVATE = "things of yours are before the model as well: this call could carry them out"
DIGEST_CHARS = 12
BESIDE = 60
"""Characters of an argument that stands beside its name; a longer one is below it."""
_LABEL = 11
_OPEN = 60
"""Columns of the box about a claim where there is no width."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the question: what Rookery writes, and behind it a text that is `written`."""

    head: str
    text: str = ""
    tone: Tone = "plain"
    more: str = ""
    """What is before the text where it goes on in a further row."""
    tail: str = ""
    fill: str = ""
    """What fills the row up to its tail."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a screen."""

    line: int
    """Which line it belongs to."""
    head: str
    text: str
    tail: str = ""
    tone: Tone = "plain"
    goes_on: bool = False
    """Whether the text goes on in the next row; where it does, it does not end with a space."""


@dataclass(frozen=True, slots=True)
class CallView:
    """A question about a call, ready to be laid out."""

    lines: tuple[Line, ...]
    odd: LookAlikes
    n_chars: int
    """Characters of all arguments."""
    digest: str
    """The beginning of the digest; "" where there is none."""

    def size(self) -> str:
        """How long it is, and its digest."""
        counted = f"{self.n_chars:,} character{'' if self.n_chars == 1 else 's'}"
        return f"{counted} · SHA-256 {self.digest}…" if self.digest else counted


def call_view(request: ApprovalRequested) -> CallView:
    """Everything that a person must see to decide about a call."""
    texts = [*_texts(request.arguments)]
    around = [request.preview, *(fact.text for fact in request.facts), *request.remembers, *request.always]
    odd = look_alikes([*texts, *around, request.tool])
    lines = [
        *_head(request),
        *_careful(_n_hidden(texts) or _n_hidden(around), odd),
        *_arguments(request.arguments),
        *_facts(request),
        *_preview(request.preview),
        *_claim(request.claimed),
    ]
    n_chars = sum(len(value if isinstance(value, str) else _json(value)) for value in request.arguments.values())
    return CallView(tuple(lines), odd, n_chars, request.digest[:DIGEST_CHARS])


def approval_text(request: ApprovalRequested, width: int | None = None) -> str:
    """The question as text; without a width no line is broken."""
    view = call_view(request)
    return as_text([*view.lines, size_line(view)], width)


def as_text(lines: Iterable[Line], width: int | None = None) -> str:
    """Lines for whoever prints; without a width none is broken."""
    return "\n".join(f"{row.head}{row.text}{row.tail}".rstrip() for row in rows(lines, width))


def session_lines(request: ApprovalRequested) -> tuple[Line, ...]:
    """What an answer "for this session" would allow from then on."""
    allowed = tuple(label("s allows", f"{request.tool}: {part}") for part in request.remembers)
    return (Line(""), *allowed) if allowed else ()


def remembered_text(request: ApprovalRequested) -> str:
    """The same on one line."""
    return "; ".join(written_flat(f"{request.tool}: {part}") for part in request.remembers)


def always_lines(request: ApprovalRequested, kept_in: str) -> tuple[Line, ...]:
    """What an answer "always" would remember, where it holds, and where it is kept."""
    return (
        Line("From now on Rookery would not ask about"),
        Line(""),
        *(label("calls of", f"{request.tool}: {part}") for part in request.always),
        label("in", request.workspace),
        label("kept in", kept_in),
        label("undone by", "rookery rules list, rookery rules remove NUMBER", "quiet"),
    )


def needs_enter(request: ApprovalRequested) -> bool:
    """Whether the key that allows it is not enough: for all but what is known to stay in the workspace."""
    return request.level not in ("R0", "R1", "R2")


def ways(request: ApprovalRequested) -> Iterator[tuple[str, str]]:
    """The keys that answer, and what each does."""
    yield "y", "once"
    if request.remembers:
        yield "s", "session"
    if request.always:
        yield "a", "always…"
    yield from (("e", "edit"), ("n", "no"), ("f", "no, because…"), ("v", "view"))


def size_line(view: CallView) -> Line:
    """How long it is, as a line of the question."""
    return label("size", view.size(), "quiet")


def label(name: str, text: str, tone: Tone = "plain") -> Line:
    """A word of Rookery's, and a text on one line behind it."""
    head = f"{written_flat(name)} ".ljust(_LABEL)
    return Line(head, written_flat(text), tone, more=f"{' ' * (len(head) - 2)}┊ ")


def rows(lines: Iterable[Line], width: int | None) -> list[Row]:
    """The lines in rows of at most that many columns; None: each in one row."""
    made = []
    for n, line in enumerate(lines):
        if line.fill:
            gap = (width or _OPEN) - len(line.head) - len(line.text) - len(line.tail)
            made.append(Row(n, line.head + line.text + line.fill * max(0, gap), "", line.tail, line.tone))
            continue
        room = None if width is None else max(1, width - len(line.more or line.head) - len(line.tail))
        *first, last = [line.text] if room is None else pieces(line.text, room)
        heads = [line.head, *[line.more or line.head] * len(first)]
        made += [
            Row(n, head, text, _tail(line, text, room), line.tone, goes_on=k < len(first))
            for k, (head, text) in enumerate(zip(heads, [*first, last], strict=True))
        ]
    return made


def pieces(text: str, width: int) -> Iterator[str]:
    """A written line in pieces of at most so many columns. None but the last ends with a space, as far as that can be.

    A piece that begins with a space therefore goes on with the next word; no sign or escape is taken apart that fits.
    """
    start = 0
    while True:
        end = _fits(text, start, width)
        if end >= len(text):
            yield text[start:]
            return
        end = _break(text, start, end)
        yield text[start:end]
        start = end


def _head(request: ApprovalRequested) -> Iterator[Line]:
    level = f", level {request.level}: {LEVELS[request.level]}" if request.level in LEVELS else ""
    yield label("tool", request.tool, "name")
    yield label("from", f"plugin {request.plugin} ({request.distribution})")
    if request.agent != MAIN:
        yield label(
            "asked by", f"agent {request.agent}{f', for {request.parent}' if request.parent else ''}", "careful"
        )
    yield label("may", f"{request.risk}{level}", "grave" if request.level == "R3" else "plain")
    if request.reason:
        is_grave = request.reason.startswith(UNCONFINED)
        yield label("because", request.reason, "grave" if is_grave else "plain")
    if request.rule:
        yield label("rule", request.rule)
    for source in request.untrusted:
        yield label("untrusted", source, "grave")
    if request.private:
        yield label("private", PRIVATE, "grave")
    if request.untrusted:
        yield label("", WITHOUT, "quiet")
    yield label("in", request.workspace)


def _careful(n: int, odd: LookAlikes) -> Iterator[Line]:
    hidden = [f"{n:,} hidden character{'' if n == 1 else 's'}, written as \\u{{…}}"] if n else []
    for remark in (*hidden, *odd.remarks()):
        yield Line("careful".ljust(_LABEL), remark, "careful", more=f"{' ' * (_LABEL - 2)}┊ ")


def _arguments(arguments: dict[str, Any]) -> Iterator[Line]:
    yield Line("")
    if not arguments:
        yield label("arguments", "none", "quiet")
        return
    yield Line("arguments", tone="quiet")
    for given, value in arguments.items():
        name = written_flat(given if _NAME.fullmatch(given) else _json(given))
        is_text = isinstance(value, str)
        text = written(value if isinstance(value, str) else _json(value))
        if not is_text and len(text) > BESIDE:
            text = written(_json(value, indent=2))
        if len(text) <= BESIDE and "\n" not in text:
            head = f"  {name} ".ljust(_LABEL)
            yield Line(f"{head}{'│' if is_text else '='} ", text, more=f"{' ' * len(head)}┊ ")
        else:
            yield Line(f"  {name}{'' if is_text else ' (JSON)'}")
            yield from _block(text)


def _facts(request: ApprovalRequested) -> Iterator[Line]:
    if request.facts:
        yield Line("")
    for fact in request.facts:
        is_grave = fact.label == CONFINED and fact.text.startswith(UNCONFINED)
        yield label(fact.label, fact.text, "grave" if is_grave else "plain")


def _preview(preview: str) -> Iterator[Line]:
    if not preview:
        return
    yield Line("")
    yield Line("preview", tone="quiet")
    is_diff = any(line.startswith(("@@ ", "--- ", "+++ ")) for line in preview.split("\n"))
    for line in _block(written(preview)):
        tone: Tone = "plain"
        if is_diff and not line.text.startswith(("--- ", "+++ ")):
            tone = "added" if line.text.startswith("+") else "removed" if line.text.startswith("-") else "plain"
        yield Line(line.head, line.text, tone, more=line.more)


def _claim(claimed: str) -> Iterator[Line]:
    if not claimed.strip():
        return
    yield Line("")
    yield Line("╭─ ", f"{CLAIMED}, not checked ", "claim", tail="╮", fill="─")
    for line in written(claimed.strip()).split("\n"):
        yield Line("│ ", line, "claim", more="┊ ", tail=" │")
    yield Line("╰", "", "claim", tail="╯", fill="─")


def _block(text: str) -> Iterator[Line]:
    for line in text.split("\n"):
        yield Line("  │ ", line, more="  ┊ ")


def _n_hidden(texts: Iterable[str]) -> int:
    return sum(n_hidden(written(text)) for text in texts)


def _texts(arguments: dict[str, Any]) -> Iterator[str]:
    for name, value in arguments.items():
        yield from (name, value if isinstance(value, str) else _json(value))


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _tail(line: Line, text: str, room: int | None) -> str:
    """What is behind a text, pushed to the end of its row."""
    if not line.tail:
        return ""
    return f"{' ' * max(0, (room or _OPEN - len(line.head) - len(line.tail)) - _columns(text))}{line.tail}"


def _fits(text: str, start: int, width: int) -> int:
    """Where the text ends that has so many columns, at least one character further."""
    if text[start : start + width].isascii():
        return start + width
    used = 0
    for n in range(start, len(text)):
        used += _columns(text[n])
        if used > width:
            return max(n, start + 1)
    return len(text)


def _break(text: str, start: int, end: int) -> int:
    """Where a piece ends that is at most that long: before a word, else not inside an escape or a letter's marks."""
    word = text.rfind(" ", start + 1 + 2 * (end - start) // 3, end + 1)
    while word > start and text[word - 1] == " ":
        word -= 1
    if word > start:
        return word
    sign = text.rfind("\\u{", start + 1, end)
    if sign > 0 and (found := MARK.match(text, sign)) and found.end() > end:
        return sign
    while end > start + 1 and not _columns(text[end]):
        end -= 1
    return end


def _columns(text: str) -> int:
    """Columns of a terminal; never less than a text really has."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return sum(map(cell_len, text))
