"""Opens a file as text, and says in plain words why it cannot."""

from __future__ import annotations

import codecs
import difflib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rookery_core.plugin import ToolFailed, ToolRetry

PIECE_CHARS = 2_000

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def open_text(path: Path, name: str) -> io.TextIOWrapper:
    """Open a file as text, without ever waiting; ToolRetry or ToolFailed says why it cannot be read."""
    try:
        fd = os.open(path, _READ)
    except FileNotFoundError:
        raise ToolRetry(f"there is no file {name}{similar(path)}") from None
    except OSError as exc:
        raise ToolFailed(f"{name} cannot be read: {exc.strerror}") from exc
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        if stat.S_ISDIR(mode):
            raise ToolRetry(f"{name} is a folder; use list_files for it")
        raise ToolFailed(f"{name} is a pipe or a device, not a file")
    raw = open(fd, "rb")  # noqa: SIM115  (the wrapper below closes it)
    head = raw.peek()
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return io.TextIOWrapper(raw, "utf-16", "replace")
    if b"\0" in head:
        raw.close()
        raise ToolFailed(f"{name} is not a text file")
    return io.TextIOWrapper(raw, "utf-8-sig", "replace")


def pieces(stream: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Each line with its number; one longer than PIECE_CHARS in pieces of the same number."""
    number = 1
    while piece := stream.readline(PIECE_CHARS):
        yield number, piece
        number += piece.endswith("\n")


def similar(path: Path) -> str:
    """How a message goes on that says that `path` is not there: with names like it in the same folder."""
    try:
        near = difflib.get_close_matches(path.name, os.listdir(path.parent), n=3)
    except OSError:
        near = []
    return f"; did you mean {' or '.join(near)}?" if near else "; list_files shows what there is"
