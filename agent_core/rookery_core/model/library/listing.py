"""The models there are and those to be had: where each is from, whether it is what it must be, whether it fits.

Only looks; downloads nothing and loads no model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rookery_core.errors import ModelError
from rookery_core.model.adapters import made_for
from rookery_core.model.gguf_header import Header, read_header
from rookery_core.model.library.catalogue import KNOWN, Known, known_by
from rookery_core.model.library.memory import Advice, Memory, advise, needed
from rookery_core.model.library.records import Record
from rookery_core.model.library.shelf import Shelf, unfinished
from rookery_core.model.registry import ModelFile

USUAL_CTX = 8192
"""The window where none is set, for models that were trained for as much (`model.n_ctx`)."""


class Trust(StrEnum):
    """What is known of a file's content."""

    PINNED = "pinned"
    """It is to the byte what Rookery knows by that hash."""
    REMEMBERED = "not pinned"
    """Nobody vouches for it, and it is as it was when it came."""
    CHANGED = "changed"
    """It is no longer what it was when it came."""
    UNCHECKED = "not checked"
    """Its hash was not worked out yet."""
    UNKNOWN = "unknown"
    """It was put there by hand."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that is there."""

    file: ModelFile
    n_bytes: int
    in_use: bool
    trust: Trust
    record: Record | None
    header: Header | None
    problem: str
    """Why there is no header."""
    adapter: str
    """What is loaded over it: the name of one that comes with Rookery, or the path that is set; "" for none."""
    n_ctx: int
    """Tokens of the window that it gets."""
    n_needed: int
    """Memory it takes with that window."""
    advice: Advice

    @property
    def source(self) -> str:
        """Where it is from; "" where nobody knows."""
        return self.record.source if self.record else f"package {self.file.package}" if self.file.package else ""


@dataclass(frozen=True, slots=True)
class Offered:
    """A known model that is not there."""

    known: Known
    n_here: int
    """Bytes of it that were fetched already."""
    n_needed: int
    advice: Advice


def installed(
    files: Iterable[ModelFile], shelf: Shelf, memory: Memory, *, in_use: Path | None, n_ctx: int, adapter: str
) -> list[Installed]:
    """The models that are there, with what can be said without reading them whole.

    `in_use` is the file that Rookery begins with, `n_ctx` and `adapter` are as in the settings.
    """
    records = shelf.records.all()
    made = []
    for file in files:
        record = records.get(file.name) if file.path.parent == shelf.folder else None
        try:
            header, problem = read_header(file.path), ""
        except ModelError as exc:
            header, problem = None, str(exc)
        over = _adapter(file, adapter, in_use, shelf) if header else ""
        n_bytes, sha256 = _looked_at(file.path, shelf.hashes.known)
        window = window_of(header.n_ctx, n_ctx) if header else 0
        n_needed = needed(n_bytes, header.kv_bytes, window) if header else 0
        made.append(
            Installed(
                file=file,
                n_bytes=n_bytes,
                in_use=file.path == in_use,
                trust=trust(n_bytes, sha256, record),
                record=record,
                header=header,
                problem=problem,
                adapter=over,
                n_ctx=window,
                n_needed=n_needed,
                advice=advise(n_needed, memory) if header else "",
            )
        )
    return made


def offered(shelf: Shelf, memory: Memory, *, n_ctx: int, there: Iterable[str]) -> list[Offered]:
    """The known models that are not among those that are `there`."""
    begun, there = unfinished(shelf), set(there)
    made = []
    for known in KNOWN:
        if known.name not in there:
            n_needed = needed(known.n_bytes, known.kv_bytes, window_of(known.n_ctx, n_ctx))
            made.append(Offered(known, begun.get(known.name, 0), n_needed, advise(n_needed, memory)))
    return made


def window_of(trained: int, configured: int) -> int:
    """Tokens of the window that a model gets, as the engine does it."""
    return configured or min(trained or USUAL_CTX, USUAL_CTX)


def trust(n_bytes: int, sha256: str | None, record: Record | None) -> Trust:
    """What is known of a file of that size and hash (None: not worked out)."""
    if sha256 is None:
        if record and record.n_bytes != n_bytes:
            return Trust.CHANGED
        like_known = any(known.n_bytes == n_bytes for known in KNOWN)
        return Trust.UNCHECKED if record or like_known else Trust.UNKNOWN
    if known_by(sha256):
        return Trust.PINNED
    if record is None:
        return Trust.UNKNOWN
    return Trust.REMEMBERED if record.sha256 == sha256 else Trust.CHANGED


def _adapter(file: ModelFile, configured: str, in_use: Path | None, shelf: Shelf) -> str:
    """As `compose` gives one to a model: one that is set is for the model that Rookery begins with."""
    if not configured or (configured != "auto" and file.path == in_use):
        return configured
    made = made_for(file.path, shelf.hashes.sha256)
    return made.name if made else ""


def _looked_at(path: Path, hashed: Callable[[Path], str | None]) -> tuple[int, str | None]:
    try:
        return path.stat().st_size, hashed(path)
    except OSError:
        return 0, None
