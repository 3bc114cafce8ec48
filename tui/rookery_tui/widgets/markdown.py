"""Markdown that nobody trusts: shown, never followed, and nothing in it hidden."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownStream

from rookery_core.text import VisibleStream, visible


class SafeMarkdown(Markdown):
    """Markdown whose HTML is shown as text, whose links are text, and whose entities cannot smuggle characters in."""

    def __init__(self, text: str = "", *, classes: str | None = None) -> None:
        super().__init__(visible(text), classes=classes, parser_factory=safe_parser, open_links=False)
        self._stream: MarkdownStream | None = None
        self._pieces = VisibleStream()

    async def write(self, piece: str) -> None:
        """Show a piece of a text that is still being written; pieces that come too fast are shown together."""
        if self._stream is None:
            self._stream = Markdown.get_stream(self)
        await self._stream.write(self._pieces.feed(piece))

    async def settle(self, text: str) -> None:
        """Show the whole text in place of its pieces: only then are code fences and tables sure to be right."""
        await self.stop()
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
