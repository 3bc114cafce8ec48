"""Finds the one place of a text that is to be changed, and says why it is not to be found."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from rookery_core.plugin import ToolRetry
from rookery_plugins.files.nearest import Nearest
from rookery_plugins.files.text_file import TextFile, one_end

PLACES_MAX = 1_000
PLACES_NAMED = 5
LINES_COMPARED = 2_000
LINE_CHARS = 200


def edited(file: TextFile, old: str, new: str, name: str) -> tuple[TextFile, int]:
    """The file with `new` in the place of `old`, and the line where that begins.

    ToolRetry where there is not exactly one place for it.
    """
    old, new = one_end(old), one_end(new)
    if not old:
        raise ToolRetry("old is empty; give the text that is to be replaced, exactly as it is in the file")
    if old == new:
        raise ToolRetry("old and new are the same; give the text as it shall be")
    places = list(islice(_places(file.text, old), PLACES_MAX + 1))
    if not places:
        raise ToolRetry(f"that text is not in {name}{_nearest(file.text, old)}")
    if len(places) > 1:
        times = f"more than {PLACES_MAX}" if len(places) > PLACES_MAX else str(len(places))
        lines = list(dict.fromkeys(_line(file.text, at) for at in places))
        where = ", ".join(map(str, lines[:PLACES_NAMED])) + (" and on" if len(lines) > PLACES_NAMED else "")
        raise ToolRetry(
            f"that text is in {name} {times} times (line {where}); give more of what is around the one meant"
        )
    return file.with_text(places[0], old, new), _line(file.text, places[0])


def _places(text: str, wanted: str) -> Iterator[int]:
    """Where it begins, also where two of them overlap."""
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _nearest(text: str, wanted: str) -> str:
    """How the message goes on: with the line that is most like the first one wanted, or has its words."""
    from difflib import get_close_matches

    first = next((line for line in wanted.split("\n") if line.strip()), "")[:LINE_CHARS]
    lines = [line[:LINE_CHARS] for line in text.split("\n")[:LINES_COMPARED]]
    if near := get_close_matches(first, lines, n=1):
        return f"; line {lines.index(near[0]) + 1} is {near[0]!r}"
    seen = Nearest(first)
    for number, line in enumerate(lines, 1) if seen.words else ():
        seen.see("", number, line)
    return next((f"; line {line.number} is {line.text!r}" for line in seen.best(1)), "; read_file shows what is in it")
