"""The job that reads the text of a document."""

from __future__ import annotations

import zipfile

from rookery_plugins.data.inside.pages import Pages, shown
from rookery_plugins.data.inside.process import Failed, Source, blaming

BYTES = 100_000_000
HEAD_BYTES = 1_024
ENOUGH_S = 12.0
"""After which no further page is begun."""

_PACKED = {
    "xl/": "a spreadsheet; save it as CSV, and query_table reads it",
    "ppt/": "a presentation; save it as PDF first",
}


def run(source: Source, pages: str) -> str:
    """The text of these pages, as far as it fits."""
    if source.size > BYTES:
        raise Failed(f"{source.name} has {source.size / 1e6:.0f} MB, and {BYTES / 1e6:.0f} MB can be read")
    ends = source.left_s - ENOUGH_S
    document = _document(source)
    text = shown(document, pages, lambda: source.left_s < ends)
    if not text:
        raise Failed(
            f"there is no text on these pages of {source.name}; it may be scanned, and a program that recognises text "
            "adds it: ocrmypdf scan.pdf text.pdf"
            if document.word == "page"
            else f"{source.name} has no text"
        )
    return text


def _document(source: Source) -> Pages:
    with source.open() as file:
        head = file.read(HEAD_BYTES)
    if b"%PDF-" in head:
        from rookery_plugins.data.inside.pdf import pdf  # each library is loaded only where it is needed

        return pdf(source)
    if head.startswith(b"PK"):
        _check_kind(source)
        from rookery_plugins.data.inside.word import word

        return word(source)
    raise Failed(f"{source.name} is {_kind(head)}; PDF and docx can be read")


def _check_kind(source: Source) -> None:
    """Raises Failed for what is packed like a Word document and is none."""
    with blaming(source, "docx"), zipfile.ZipFile(source.open()) as packed:
        names = packed.namelist()
    for start, kind in _PACKED.items():
        if any(name.startswith(start) for name in names):
            raise Failed(f"{source.name} is {kind}")
    if "[Content_Types].xml" not in names:
        raise Failed(f"{source.name} is a packed file of another kind; PDF and docx can be read")


def _kind(head: bytes) -> str:
    if not head:
        return "empty"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "an old Office file, or one locked with a password; save it as docx without one"
    if head.startswith(b"{\\rtf"):
        return "an RTF file; save it as docx"
    if b"\0" not in head:
        return "a text file, which read_file reads"
    return "a file of another kind"
