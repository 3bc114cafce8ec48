"""The text of a PDF, page by page, with what looks like a table as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from pypdf import PdfReader
from pypdf.errors import DependencyError

from rookery_plugins.data.inside.pages import Pages
from rookery_plugins.data.inside.process import Failed, Source, blaming
from rookery_plugins.data.inside.tables import escaped, line

CELLS = 3
"""In a line, from which on it may be of a table: two may be columns of a text."""
_GAP = re.compile(r" {3,}")


def pdf(source: Source) -> Pages:
    """The document. Raises Failed where it cannot be read."""
    with blaming(source, "PDF"):
        reader = PdfReader(source.open(), strict=False)
        if reader.is_encrypted:
            _unlock(source, reader)
        n_pages = len(reader.pages)
    if not n_pages:
        raise Failed(f"{source.name} has no pages")
    return Pages(n_pages, lambda page: _text(source, reader, page))


def _unlock(source: Source, reader: PdfReader) -> None:
    try:
        if reader.decrypt(""):
            return
    except DependencyError as exc:
        raise _encrypted(source) from exc
    raise Failed(f"{source.name} is locked with a password; save it without one first")


def _text(source: Source, reader: PdfReader, page: int) -> str:
    try:
        found = reader.pages[page - 1]
        text = found.extract_text()
    except (MemoryError, RecursionError):
        raise
    except DependencyError as exc:
        raise _encrypted(source) from exc
    except Exception as exc:  # a damaged page may make the library raise anything
        return f"(this page is damaged: {type(exc).__name__}: {exc})"
    try:
        return with_tables(text, found.extract_text(extraction_mode="layout"))
    except Exception:  # of what is only for looks
        return text.strip()


def _encrypted(source: Source) -> Failed:
    return Failed(
        f"{source.name} is encrypted; with the package cryptography (pip install cryptography) it can be read where it "
        "has no password"
    )


def with_tables(text: str, layout: str) -> str:
    """The text, with the lines as tables that stand in at least three columns in the layout of the page."""
    columns = {_squeezed(row): cells for row in layout.splitlines() if len(cells := _GAP.split(row.strip())) >= CELLS}
    made: list[str] = []
    lines = [(row, columns.get(_squeezed(row), [])) for row in text.strip().splitlines()]
    for n_cells, group in groupby(lines, key=lambda pair: len(pair[1])):
        rows = list(group)
        if n_cells and len(rows) > 1:
            made += _table([cells for _, cells in rows])
        else:
            made += [row for row, _ in rows]
    return "\n".join(made).strip()


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *others = ([escaped(cell) for cell in row] for row in rows)
    return ["", line(head), line(["---"] * len(head)), *map(line, others), ""]


def _squeezed(text: str) -> str:
    return "".join(text.split())
