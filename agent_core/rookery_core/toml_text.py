"""Files of TOML that people write: read within limits, and what is wrong with one named by its line.

It knows nothing of what such a file may say.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rookery_core.text import one_line

_AT_LINE = re.compile(r" *\(at line (\d+), column \d+\)| *\(at end of document\)")
_HEADER = re.compile(r"\s*\[\[?\s*(?P<table>[^\]]*?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*(?P<key>[^=#\[\]]+?)\s*=")


class BadToml(Exception):
    """A file cannot be read, or is no TOML; where, and what is wrong."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        """From 1; 0 where no line can be named."""
        self.what = what


def read_text(file: Path, most: int) -> str | None:
    """The text of a file of at most so many bytes; None where there is none. Raises BadToml; it waits for nothing."""
    try:
        with open(file, "rb", opener=_without_waiting) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise BadToml(0, "it is no ordinary file")
            raw = stream.read(most + 1)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise BadToml(0, f"it cannot be read: {exc.strerror}") from exc
    if len(raw) > most:
        raise BadToml(0, f"it is larger than {most} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw[: exc.start].count(b"\n") + 1
        raise BadToml(line, f"it is not UTF-8 text: byte {exc.start} is 0x{raw[exc.start]:02x}") from exc


def parsed(text: str) -> dict[str, Any]:
    """What the text says. Raises BadToml."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        found = _AT_LINE.search(str(exc))
        line = int(found[1] or text.count("\n") + 1) if found else 0
        raise BadToml(line, f"it is not TOML: {one_line(_AT_LINE.sub('', str(exc)), 200)}") from exc
    except RecursionError as exc:
        raise BadToml(_first_line(text, RecursionError), "it is nested too deeply") from exc
    except ValueError as exc:  # what int() says of thousands of digits
        raise BadToml(_first_line(text, ValueError), "it holds a number that is too long") from exc


def line_of(text: str, *keys: str) -> int:
    """The line on which these keys, from the outside in, are said to be something; 0 where that is not found.

    What stands in a table that is written on one line, or in quotes, counts as part of that line.
    """
    best, found = 0, 0
    for number, path in _said(text):
        shorter = min(len(path), len(keys))
        if shorter > best and path[:shorter] == [*keys[:shorter]]:
            best, found = shorter, number
    return found


def _said(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that begin a table or say a key, with what they name from the outside in."""
    table: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.fullmatch(line.rstrip("\r")):
            table = _dotted(header["table"])
            yield number, table
        elif key := _KEY.match(line):
            yield number, [*table, *_dotted(key["key"])]


def _dotted(text: str) -> list[str]:
    return [part.strip().strip("\"'") for part in text.split(".")]


def _first_line(text: str, kind: type[Exception]) -> int:
    """The line that the text cannot be read from on: the shortest beginning that raises this, and no other error."""
    lines = text.split("\n")
    low, high = 1, len(lines)
    while low < high:
        middle = (low + high) // 2
        try:
            tomllib.loads("\n".join(lines[:middle]))
        except tomllib.TOMLDecodeError:
            low = middle + 1
        except kind:
            high = middle
        else:
            low = middle + 1
    return low


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
