"""The text of a Word document as Markdown: headings, lists, tables, notes, in their order."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import Element, fromstring

import mammoth

from rookery_plugins.data.inside.pages import Pages, split
from rookery_plugins.data.inside.process import Failed, Source, blaming
from rookery_plugins.data.inside.tables import escaped, line

TEXT_BYTES = 30_000_000
"""Of all that is text in the document, unpacked; pictures are not."""
FILES = 10_000
SPAN = 1_000
"""Rows or columns that one cell of a table may cover."""
STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ul", "ol"})
_WITHIN = frozenset({"table", "thead", "tbody", "tr", "td", "th", "ul", "ol", "li"})
_OUTSIDE = ("http:", "https:", "mailto:")
_TEXTS = (".xml", ".rels")


def word(source: Source) -> Pages:
    """The document, in parts, since its pages are made by whoever prints it. Raises Failed where it cannot be read."""
    with blaming(source, "docx"):
        file = io.BytesIO(source.open().read())
        with zipfile.ZipFile(file) as packed:
            _check(source, packed)
        html = mammoth.convert_to_html(file, style_map=STYLES, convert_image=lambda _: []).value
        parts = split("\n\n".join(_blocks(fromstring(f"<div>{html}</div>"))))
    return Pages(len(parts), lambda part: parts[part - 1], "part")


def _check(source: Source, packed: zipfile.ZipFile) -> None:
    """Raises Failed for what is too much to unpack, or would become too much when it is read."""
    entries = packed.infolist()
    texts = [entry for entry in entries if entry.filename.lower().endswith(_TEXTS)]
    size = sum(entry.file_size for entry in texts)
    if size > TEXT_BYTES or len(entries) > FILES:
        raise Failed(
            f"{source.name} unpacks to {len(entries)} files with {size / 1e6:.0f} MB of text; "
            f"{FILES} and {TEXT_BYTES / 1e6:.0f} MB can be read"
        )
    for entry in texts:
        if b"<!DOCTYPE" in packed.read(entry).replace(b"\0", b""):  # also in UTF-16
            raise Failed(f"{source.name} defines a document type of its own, which no Word document does")


def _blocks(parent: Element) -> Iterator[str]:
    """The blocks of what mammoth makes, which is of a few kinds and well formed."""
    for element in parent:
        match element.tag:
            case "ul" | "ol":
                yield "\n".join(_items(element, 0))
            case "table":
                yield "\n".join(_rows(element))
            case tag:
                mark = "#" * int(tag[1]) + " " if tag in _HEADINGS else ""
                if text := _inline(element).strip():
                    yield mark + text


def _items(parent: Element, depth: int) -> Iterator[str]:
    for n, item in enumerate(parent, 1):
        mark = f"{n}. " if parent.tag == "ol" else "- "
        yield "  " * depth + mark + _inline(item).strip()
        for inner in item:
            if inner.tag in _LISTS:
                yield from _items(inner, depth + 1)


def _rows(table: Element) -> Iterator[str]:
    """The rows of a table, the first as the names of its columns; where a cell covers several, the others are empty."""
    rows: list[list[str]] = []
    covered: dict[int, int] = {}
    for row in _rows_of(table):
        cells: list[str] = []
        for cell in row:
            while covered.get(len(cells), 0):
                covered[len(cells)] -= 1
                cells.append("")
            width, height = (min(int(cell.get(span, "1")), SPAN) for span in ("colspan", "rowspan"))
            for n in range(width):
                covered[len(cells)] = height - 1
                cells.append("" if n else escaped(_flat(cell)))
        rows.append(cells)
    width = max(map(len, rows), default=0)
    for n, cells in enumerate(rows):
        yield line([*cells, *[""] * (width - len(cells))])
        if n == 0:
            yield line(["---"] * width)


def _rows_of(table: Element) -> Iterator[Element]:
    for part in table:
        if part.tag == "tr":
            yield part
        else:  # thead, tbody
            yield from part


def _flat(cell: Element) -> str:
    """What is in a cell, on one line."""
    texts = [_flat(inner) if inner.tag in _WITHIN else _inline(inner) for inner in cell]
    return " ".join(" ".join([cell.text or "", *texts]).split())


def _inline(element: Element) -> str:
    text = element.text or ""
    for inner in element:
        match inner.tag:
            case "br":
                text += "\n"
            case "a" if inner.get("href", "").startswith(_OUTSIDE):
                text += f"[{_inline(inner)}]({inner.get('href')})"
            case tag if tag in _LISTS:
                pass
            case "p":
                text += f"{_inline(inner)} "
            case _:
                text += _inline(inner)
        text += inner.tail or ""
    return text
