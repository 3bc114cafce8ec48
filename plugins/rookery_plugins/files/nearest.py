"""Lines that come nearest to a text that stands nowhere as it is: those with the rarest of its words."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from dataclasses import dataclass

from rookery_core.plugin import stems

KEPT = 500
"""Lines that are remembered until it is known which words are rare."""
SHORT = 2
"""Characters up to which a word has to be there as it is, and not as the beginning of another."""
LEAST = 0.4
"""Of the best line's weight, what another one has to have."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or with number 0 a file's name, with those of the words that it or the file's name has."""

    path: str
    number: int
    text: str
    at: int
    words: frozenset[str]


class Nearest:
    """Sees one line after the other, and says which were best."""

    def __init__(self, wanted: str) -> None:
        self.words = frozenset(stems(wanted))
        """The telling words of the text, without their endings."""
        longest = sorted(self.words, key=len, reverse=True)
        begins = "|".join(re.escape(word) + ("" if len(word) > SHORT else r"(?![^\W_])") for word in longest)
        self._find = re.compile(rf"(?<![^\W_])(?:{begins})", re.IGNORECASE)
        self._held: Counter[str] = Counter()
        self._kept: list[tuple[int, int, Line]] = []
        """A heap, those with the fewest words and of them the latest first."""
        self._seen = 0
        self._named: frozenset[str] = frozenset()

    def see(self, path: str, number: int, text: str) -> None:
        """Take in the next line; a file's name, which is number 0, before its lines."""
        found = list(self._find.finditer(text))
        words = frozenset(hit[0].lower() for hit in found)
        if not number:
            self._named = words
        if not words:
            return
        self._seen += 1
        self._held.update(words)
        line = Line(path, number, text, found[0].start(), words | self._named)
        item = (len(line.words), -self._seen, line)
        if len(self._kept) < KEPT:
            heapq.heappush(self._kept, item)
        else:
            heapq.heappushpop(self._kept, item)

    def best(self, most: int) -> list[Line]:
        """So many of them at most, the best first, and of like ones those that were seen first."""
        weighed = sorted(
            ((-self._weight(line), -order, line) for _, order, line in self._kept), key=lambda made: made[:2]
        )
        return [line for weight, _, line in weighed[:most] if weight <= LEAST * weighed[0][0]]

    def _weight(self, line: Line) -> float:
        return sum(math.log(1 + self._seen / self._held[word]) for word in line.words)
