"""HTML as Markdown: headings, paragraphs, lists, tables, code and links of what a page is about.

What surrounds it (menus, banners, forms, what is hidden) is left out. The parser may need very long for a page that is
made for it, which is why this runs in a process of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from rookery_plugins.web.tree import ENOUGH, INVISIBLE, SPACE, Element, main_part, tree

LINK_CHARS = 200
"""The address of a link that is longer is left out, its text is kept."""
MOST_COLUMNS = 30

_BLOCKS = frozenset({
    "html", "body", "main", "article", "section", "div", "p", "ul", "ol", "li", "dl", "dt", "dd", "table",
    "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "pre", "blockquote", "figure", "figcaption", "details",
    "summary", "fieldset", "form", "address", "center", "header", "footer", "aside", "nav", "menu", "hr", "h1",
    "h2", "h3", "h4", "h5", "h6", "hgroup", "search",
})  # fmt: skip
_HEADINGS = {f"h{n}": n for n in range(1, 7)}
_HEADING = re.compile("(#{1,6}) ")


@dataclass(frozen=True, slots=True)
class Page:
    """What is readable of a page."""

    title: str
    text: str


def page_of(html: str, url: str) -> Page:
    """The readable part of a page; links in it are relative to its address."""
    parser = LexborHTMLParser(html)
    named, body = parser.css_first("title"), parser.body
    title = _plain(named.text()) if named is not None else ""
    base = parser.css_first("base[href]")
    if base is not None:
        url = _absolute(base.attributes.get("href") or "", url) or url
    if body is None:
        return Page(title, "")
    whole = tree(body)
    writer = _Writer(url, whole.chars)
    text = writer.text(main_part(whole), bare=True)
    if len(text) < ENOUGH * whole.chars:  # a page of links, as the front of a newspaper, is about them
        text = max(text, writer.text(whole, bare=False), key=len)
    return Page(title, text)


class _Writer:
    """Writes Markdown; the depth of what it writes is bounded by the tree's."""

    def __init__(self, url: str, page_chars: int) -> None:
        self._url = url
        self._page_chars = page_chars
        self._bare = True
        self._is_part = False

    def text(self, element: Element, *, bare: bool) -> str:
        """All of an element; `bare`: without what stands around."""
        self._bare, self._is_part = bare, element.tag != "body"
        blocks: list[str] = []
        for block in self._blocks(element):
            if not blocks or blocks[-1] != block:
                blocks.append(block)
        return "\n\n".join(_without_empty_parts(blocks) if bare else blocks)

    def _left_out(self, element: Element) -> bool:
        if self._is_part and element.tag == "header":
            return False  # the head of an article is a part of it
        return self._bare and element.is_around(self._page_chars)

    def _blocks(self, element: Element) -> Iterator[str]:
        """The blocks of what is in an element."""
        line: list[str] = []
        for child in element.children:
            if isinstance(child, str):
                line.append(SPACE.sub(" ", child))
            elif child.tag in _BLOCKS or self._holds_blocks(child):
                yield from _paragraph(line)
                line = []
                yield from self._block(child)
            else:
                line.append(self._inline(child))
        yield from _paragraph(line)

    def _holds_blocks(self, element: Element) -> bool:
        """Whether an element that is no block, such as a link around a whole card, has one right in it."""
        return element.tag != "a" and any(
            isinstance(child, Element) and (child.tag in _BLOCKS or (child.tag == "a" and _has_block(child)))
            for child in element.children
        )

    def _block(self, element: Element) -> Iterator[str]:
        if self._left_out(element):
            return
        match element.tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                if text := self._line(element):
                    yield f"{'#' * _HEADINGS[element.tag]} {text}"
            case "ul" | "ol" | "menu":
                yield from self._list(element)
            case "pre":
                if (code := _raw(element).strip("\n")).strip():
                    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
                    yield f"{fence}\n{code}\n{fence}"
            case "blockquote":
                if text := "\n\n".join(self._blocks(element)):
                    yield "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
            case "table":
                yield from self._table(element)
            case "dd":
                if text := "\n\n".join(self._blocks(element)):
                    yield f": {_indented(text, '  ')}"
            case "hr":
                return
            case _:
                yield from self._blocks(element)

    def _list(self, element: Element) -> Iterator[str]:
        items: list[str] = []
        for child in element.children:
            if isinstance(child, str):
                continue
            blocks = list(self._block(child)) if child.tag != "li" else list(self._blocks(child))
            if not blocks:
                continue
            mark = f"{len(items) + 1}. " if element.tag == "ol" else "- "
            tight = all(block.startswith(("- ", "1. ")) for block in blocks[1:])
            items.append(mark + _indented(("\n" if tight else "\n\n").join(blocks), " " * len(mark)))
        if items:
            yield "\n".join(items)

    def _table(self, element: Element) -> Iterator[str]:
        rows = list(_rows(element))
        cells = [cell for row in rows for cell in row]
        if max((len(row) for row in rows), default=0) < 2 or any(_is_layout(cell) for cell in cells):
            for child in element.children:  # it only arranges what is in it
                if isinstance(child, Element):
                    yield from self._blocks(child)
            return
        caption = next((c for c in element.children if isinstance(c, Element) and c.tag == "caption"), None)
        if caption is not None and (text := self._line(caption)):
            yield text
        lines = [[self._line(cell).replace("|", "\\|") for cell in row[:MOST_COLUMNS]] for row in rows]
        lines = [line for line in lines if any(line)]
        if not lines:
            return
        width = max(map(len, lines))
        head, *rest = [line + [""] * (width - len(line)) for line in lines]
        table = [head, ["---"] * width, *rest]
        yield "\n".join(f"| {' | '.join(line)} |" for line in table)

    def _line(self, element: Element) -> str:
        """All of an element on one line."""
        return _plain(self._inside(element))

    def _inside(self, element: Element) -> str:
        made = []
        for child in element.children:
            if isinstance(child, str):
                made.append(SPACE.sub(" ", child))
            elif child.tag in _BLOCKS:
                made.append("" if self._left_out(child) else f" {self._inside(child)} ")
            else:
                made.append(self._inline(child))
        return "".join(made)

    def _inline(self, element: Element) -> str:
        match element.tag:
            case "br":
                return "\n"
            case "img":
                return ""
            case "a":
                return self._link(element)
            case "code" | "kbd" | "samp" | "tt":
                text = _plain(_raw(element))
                return f"`{text}`" if text and "`" not in text else text
            case _:
                return self._inside(element)

    def _link(self, element: Element) -> str:
        inside = self._inside(element)
        text = _plain(inside) or _plain(" ".join(_pictures(element)))
        if not text:
            return ""
        before = " " if inside[:1].isspace() else ""
        after = " " if inside[-1:].isspace() else ""
        target = _absolute(element.attributes.get("href", ""), self._url)
        if not target or len(target) > LINK_CHARS or target == text:
            return f"{before}{text}{after}"
        return f"{before}[{text.replace('[', '(').replace(']', ')')}]({target}){after}"


def _without_empty_parts(blocks: list[str]) -> list[str]:
    """Without headings that nothing follows any more, but for the first, which names the page."""
    kept: list[str] = []
    below = 1  # the level of what comes next, 0 for text; at the end there is nothing
    for n, block in reversed(list(enumerate(blocks))):
        found = _HEADING.match(block)
        level = len(found[1]) if found else 0
        if not level or n == 0 or below == 0 or level < below:
            kept.append(block)
            below = level
    return kept[::-1]


def _paragraph(line: list[str]) -> Iterator[str]:
    """A paragraph, where there is one; lines that were broken on purpose stay so."""
    text = "\n".join(part for raw in "".join(line).split("\n") if (part := _plain(raw)))
    if text:
        yield text


def _plain(text: str) -> str:
    return SPACE.sub(" ", INVISIBLE.sub("", text)).strip()


def _indented(text: str, by: str) -> str:
    """All lines but the first one further in."""
    return "\n".join(f"{by if n and line else ''}{line}" for n, line in enumerate(text.split("\n")))


def _raw(element: Element) -> str:
    """The text of an element as it is written."""
    made = []
    for child in element.children:
        if isinstance(child, str):
            made.append(child)
        else:
            made.append("\n" if child.tag == "br" else _raw(child))
    return "".join(made)


def _pictures(element: Element) -> Iterator[str]:
    """What the pictures in an element show."""
    for child in element.children:
        if isinstance(child, Element):
            if child.tag == "img":
                yield child.attributes.get("alt", "")
            yield from _pictures(child)


def _has_block(element: Element) -> bool:
    return any(isinstance(child, Element) and child.tag in _BLOCKS for child in element.children)


def _rows(table: Element) -> Iterator[list[Element]]:
    """The cells of each row."""
    for child in table.children:
        if isinstance(child, str):
            continue
        if child.tag in ("thead", "tbody", "tfoot"):
            yield from _rows(child)
        elif child.tag == "tr":
            yield [cell for cell in child.children if isinstance(cell, Element) and cell.tag in ("td", "th")]


def _is_layout(cell: Element) -> bool:
    """Whether a cell holds what no cell of a table of data does."""
    blocks = [child for child in cell.children if isinstance(child, Element) and child.tag in _BLOCKS]
    return any(block.tag in ("table", "h1", "h2", "h3", "article", "section", "main") for block in blocks) or (
        len(blocks) > 2 and cell.chars > 500
    )


def _absolute(link: str, url: str) -> str:
    """The address that a link leads to; "" for one on the same page, and for what is no page."""
    link = "".join(link.split())
    if not link or link.startswith("#"):
        return ""
    try:
        found = urljoin(url, link)
    except ValueError:
        return ""
    found = found.replace("(", "%28").replace(")", "%29")
    return found if found.startswith(("http://", "https://")) and not set(found) & set('<>"') else ""
