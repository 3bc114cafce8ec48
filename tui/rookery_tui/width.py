"""How wide a terminal is, and lines that are cut to it. Where there is no terminal, nothing is cut."""

from __future__ import annotations

import os
import shutil
import unicodedata
from typing import TextIO


def width_of(out: TextIO) -> int | None:
    """Columns of the terminal that the stream writes to; None for a file or a pipe."""
    if not out.isatty():
        return None
    try:
        return os.get_terminal_size(out.fileno()).columns or None
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns


def size_of(out: TextIO) -> os.terminal_size | None:
    """Columns and lines of the terminal that the stream writes to; None where there is none, or it does not say."""
    if not out.isatty():
        return None
    try:
        size = os.get_terminal_size(out.fileno())
    except (OSError, ValueError):
        return None
    return size if size.columns and size.lines else None


def cut_to(line: str, width: int | None) -> str:
    """The line, with an ellipsis at its end where it is wider than so many columns."""
    if width is None or columns(line) <= width:
        return line
    used = 1  # the ellipsis
    for n, char in enumerate(line):
        used += _columns(char)
        if used > width:
            return f"{line[:n].rstrip()}…"
    return line


def columns(text: str) -> int:
    """Columns that a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
