"""A file as text: how it is encoded, told by its bytes."""

from __future__ import annotations

import codecs
import io

from rookery_plugins.data.inside.process import Failed, Source

HEAD_BYTES = 4_096
PIECE_BYTES = 1 << 20

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_KINDS = {
    b"PK\x03\x04": "a packed file; save a spreadsheet as CSV first, and read_document reads docx",
    b"\xd0\xcf\x11\xe0": "an old Office file; save it as CSV first",
    b"SQLite format 3\0": "a SQLite database; query_database reads it",
    b"%PDF-": "a PDF; read_document reads it",
}


def encoding_of(source: Source) -> str:
    """The encoding: by its mark, or UTF-8 where all of it is, else Windows-1252. Raises Failed for what is no text."""
    with source.open() as file:
        head = file.read(HEAD_BYTES)
        for start, kind in _KINDS.items():
            if head.startswith(start):
                raise Failed(f"{source.name} is {kind}")
        for mark, encoding in _MARKS.items():
            if head.startswith(mark):
                return encoding
        if b"\0" in head:
            return _without_mark(head, source.name)
        decoder = codecs.getincrementaldecoder("utf-8")()
        piece = head
        try:
            while piece:
                decoder.decode(piece)
                piece = file.read(PIECE_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def open_text(source: Source, encoding: str) -> io.TextIOWrapper:
    """The file as text, its line breaks as they are."""
    return io.TextIOWrapper(source.open(), encoding, "replace", newline="")


def _without_mark(head: bytes, name: str) -> str:
    even, odd = head[::2], head[1::2]
    if even.count(0) * 10 > len(even) * 7 and 0 not in odd:
        return "utf-16-be"
    if odd.count(0) * 10 > len(odd) * 7 and 0 not in even:
        return "utf-16-le"
    raise Failed(f"{name} is not a text file")
