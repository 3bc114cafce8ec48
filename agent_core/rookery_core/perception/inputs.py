"""Turns what a person puts before the assistant into text that a model reads: files of any kind, and folders.

A kind that no text can be made of is named, so that nobody believes it was seen. Knows no model and no store.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from enum import StrEnum

from rookery_core.errors import RookeryError
from rookery_core.folder import Folder
from rookery_core.text import size_text, storable
from rookery_core.workspace import Workspace

MOST_BYTES = 20_000_000
LISTED = 200
_MENTION = re.compile(r'(?<!\S)@(?:"([^"\n]+)"|(\S+))')
_TRAILING = ".,;:!?)]}'\""
_IMAGES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
_OTHERS = {
    b"%PDF-": "PDF document",
    b"PK\x03\x04": "zip file (.docx, .xlsx and .odt are such)",
    b"SQLite format 3\0": "SQLite database",
    b"\x1f\x8b": "gzip file",
    b"\x7fELF": "program",
    b"GGUF": "model file",
}


class Kind(StrEnum):
    """What an input is."""

    TEXT = "text"
    STRUCTURED = "structured"
    """JSON, which is checked and written with a line for each value."""
    FOLDER = "folder"
    IMAGE = "image"
    BINARY = "binary"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Perceived:
    """One input as a model reads it."""

    name: str
    kind: Kind
    text: str


def mentioned(message: str) -> tuple[str, ...]:
    """The paths that a message names with an @ before them, in order, once each: `@notes.txt`, `@"my notes.txt"`."""
    found = (quoted or plain.rstrip(_TRAILING) for quoted, plain in _MENTION.findall(message))
    return tuple(dict.fromkeys(path for path in found if path))


def perceive(path: str, workspace: Workspace) -> Perceived | None:
    """The file or folder of that path; None where there is none and it looks like none, as in `@anna`.

    Never raises: what cannot be read is said in its text.
    """
    try:
        found = workspace.resolve(path)
        if not found.exists():
            return Perceived(path, Kind.MISSING, "there is no such file") if {"/", "."} & set(path) else None
        if found.is_dir():
            with workspace.folder(found) as folder:
                return Perceived(path, Kind.FOLDER, _listing(folder))
        with workspace.open(found) as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, RookeryError) as exc:
        return Perceived(path, Kind.MISSING, f"it cannot be read: {getattr(exc, 'strerror', '') or exc}")
    if len(data) > MOST_BYTES:
        return Perceived(
            path, Kind.BINARY, f"a file of more than {size_text(MOST_BYTES)}, which is too large to be read at once"
        )
    return Perceived(path, *_read(data))


def _read(data: bytes) -> tuple[Kind, str]:
    if name := _signature(data, _IMAGES) or _webp(data):
        return Kind.IMAGE, f"a {name} image of {size_text(len(data))}. The model reads text and cannot see it"
    if name := _signature(data, _OTHERS):
        return Kind.BINARY, f"a {name} of {size_text(len(data))}, which is no text"
    text = _decoded(data)
    if text is None:
        return Kind.BINARY, f"{size_text(len(data))} that are no text"
    if text.lstrip()[:1] in ("{", "["):
        try:
            return Kind.STRUCTURED, json.dumps(json.loads(text), ensure_ascii=False, indent=1)
        except (ValueError, RecursionError):
            pass
    return Kind.TEXT, storable(text) or "(an empty file)"


def _decoded(data: bytes) -> str | None:
    """The text, by its byte order mark, as UTF-8, or as Windows' Latin letters; None where it is none."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _signature(data: bytes, known: dict[bytes, str]) -> str:
    return next((name for start, name in known.items() if data.startswith(start)), "")


def _webp(data: bytes) -> str:
    return "WebP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else ""


def _listing(folder: Folder) -> str:
    names = sorted(entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "") for entry in folder.scan())
    more = [f"[{len(names) - LISTED} more]"] if len(names) > LISTED else []
    return storable("\n".join([*names[:LISTED], *more])) or "(an empty folder)"
