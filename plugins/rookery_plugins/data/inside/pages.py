"""Which pages of a document are wanted, and how many of them fit into an answer.

A page that is too long to be shown at once has parts: 3 begins page 3, 3.2 its second part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rookery_plugins.data.inside.process import Retry

CHARS = 6_000
PART_CHARS = 5_500

_RANGE = re.compile(r"(\d{1,6})(?:\.(\d{1,4}))?(?:\s*-\s*(\d{1,6})?)?")
_WORDS = re.compile(r"\b(?:pages?|parts?|all)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a document."""

    n: int
    text: Callable[[int], str]
    """The text of a page, of which the first is 1; "" where there is none."""
    word: str = "page"
    """What they are called."""


@dataclass(frozen=True, slots=True)
class _Range:
    first: int
    part: int
    last: int

    def __str__(self) -> str:
        first = f"{self.first}.{self.part}" if self.part > 1 else str(self.first)
        return first if self.first == self.last else f"{first}-{self.last}"


def shown(pages: Pages, wanted: str, over: Callable[[], bool]) -> str:
    """What is wanted of the pages, as far as it fits and until it is `over`, and how to read on; "" where none of it is
    text. Raises Retry where there are no such pages.
    """
    ranges = _ranges(wanted, pages)
    made: list[str] = []
    size = 0
    any_text = False
    for n, wanted_range in enumerate(ranges):
        for page, part, text in _parts_of(pages, wanted_range):
            if made and (size + len(text) > CHARS or over()):
                left = [_Range(page, part, wanted_range.last), *ranges[n + 1 :]]
                made.append(f'[there is more: read on with pages="{",".join(map(str, left))}"]')
                return "\n\n".join(made) if any_text else ""
            where = f"{pages.word} {page} of {pages.n}" + (f", part {part}" if part > 1 else "")
            made.append(f"[{where}]\n{text or '(no text)'}")
            size += len(made[-1]) + 2
            any_text = any_text or bool(text)
    return "\n\n".join(made) if any_text else ""


def split(text: str, chars: int = PART_CHARS) -> list[str]:
    """A text in parts of at most so many characters, broken between paragraphs, lines or words."""
    parts: list[str] = []
    while len(text) > chars:
        at = next((at for mark in ("\n\n", "\n", " ") if (at := text.rfind(mark, chars // 2, chars)) > 0), chars)
        parts.append(text[:at])
        text = text[at:].lstrip()
    return [*parts, text]


def _parts_of(pages: Pages, wanted: _Range) -> Iterator[tuple[int, int, str]]:
    for page in range(wanted.first, wanted.last + 1):
        parts = split(pages.text(page))
        start = wanted.part if page == wanted.first else 1
        if start > len(parts):
            raise Retry(f"{pages.word} {page} has {len(parts)} part{'' if len(parts) == 1 else 's'}")
        for part in range(start, len(parts) + 1):
            yield page, part, parts[part - 1]


def _ranges(wanted: str, pages: Pages) -> list[_Range]:
    made: list[_Range] = []
    for text in filter(None, (piece.strip() for piece in _WORDS.sub("", wanted).split(","))):
        found = _RANGE.fullmatch(text.replace("–", "-"))
        if found is None:
            raise Retry(f'{wanted!r} names no pages; give one like "3", a range like "2-5", or nothing for all')
        first = int(found[1])
        last = int(found[3]) if found[3] else pages.n if "-" in found[0] else first
        if not 1 <= first <= last or first > pages.n:
            raise Retry(f"there is no {pages.word} {text}: the document has {pages.n}")
        made.append(_Range(first, int(found[2] or 1), min(last, pages.n)))
    return made or [_Range(1, 1, pages.n)]
