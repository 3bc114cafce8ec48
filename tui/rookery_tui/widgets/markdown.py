"""Markdown that nobody trusts: shown, never followed, and nothing in it hidden."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownStream

from rookery_core.text import VisibleStream, visible
from rookery_tui.widgets.text import MOST_CHARS, MOST_LINES, LongText, too_long


class SafeMarkdown(Markdown):
    """Markdown whose HTML is shown as text, whose links are text, and whose entities cannot smuggle characters in."""

    def __init__(self, text: str = "", *, classes: str | None = None) -> None:
        shown = visible(text)
        self._long = shown if too_long(shown) else ""
        """What is shown as it is written: so much Markdown would keep the screen from being drawn for seconds."""
        super().__init__("" if self._long else shown, classes=classes, parser_factory=safe_parser, open_links=False)
        self._n_chars = self._n_lines = 0
        self._stream: MarkdownStream | None = None
        self._pieces = VisibleStream()

    async def on_mount(self) -> None:
        if self._long:
            await self.mount(LongText(self._long))

    async def write(self, piece: str) -> None:
        """Show a piece of a text that is still being written; pieces that come too fast are shown together."""
        if self._stream is None:
            self._stream = Markdown.get_stream(self)
        ready = self._pieces.feed(piece)
        self._n_chars += len(ready)
        self._n_lines += ready.count("\n")
        if self._n_chars <= MOST_CHARS and self._n_lines < MOST_LINES:  # the rest is shown when it is whole
            await self._stream.write(ready)

    async def settle(self, text: str) -> None:
        """Show the whole text in place of its pieces: only then are code fences and tables sure to be right."""
        await self.stop()
        shown = visible(text)
        if too_long(shown):
            await self.update("")
            await self.mount(LongText(shown))
        else:
            await self.update(visible(text))

    async def stop(self) -> None:
        """End the stream, if there is one."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.stop()


def safe_parser() -> MarkdownIt:
    """A parser of GitHub's Markdown without HTML, links and hidden characters."""
    parser = MarkdownIt("gfm-like", {"html": False})
    parser.core.ruler.push("disarm", _disarm)
    return parser


def _disarm(state: StateCore) -> None:
    for token in state.tokens:
        token.content = visible(token.content)
        if token.children is not None:
            token.children = list(_plain(token.children))


def _plain(children: list[Token]) -> list[Token]:
    """The same without links and images: what they are called, then where they lead."""
    made: list[Token] = []
    href = shown = ""
    for child in children:
        match child.type:
            case "link_open":
                href, shown = str(child.attrs.get("href", "")), ""
            case "link_close":
                if href and href not in (shown, f"http://{shown}", f"mailto:{shown}"):
                    made.append(_text(f" ({href})"))
            case "image":
                source = child.attrs.get("src", "")
                made.append(_text(f"[image: {child.content}] ({source})"))
            case _:
                child.content = visible(child.content)
                shown += child.content
                made.append(child)
    return made


def _text(content: str) -> Token:
    return Token("text", "", 0, content=visible(content))
