"""The words that days are named with, and how a phrase is cut into them."""

from __future__ import annotations

import re

from rookery_core.plugin import ToolRetry

HOW = "write it like next Friday, 3 weeks from today, the last Sunday of March 2027, or 2024-02-29 + 90 days"


def _numbered(names: str, start: int = 1) -> dict[str, int]:
    """The names with their numbers; spellings of one are joined by a slash."""
    return {spelt: n for n, name in enumerate(names.split(), start) for spelt in name.split("/")}


WEEKDAYS = _numbered(
    "monday/mon tuesday/tue/tues wednesday/wed/weds thursday/thu/thur/thurs friday/fri saturday/sat sunday/sun", 0
)
MONTHS = _numbered(
    "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug september/sep/sept october/oct "
    "november/nov december/dec"
)
NUMBERS = _numbered(
    "zero one/a/an two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty",
    0,
) | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORDINALS = _numbered("first second third fourth fifth sixth seventh eighth ninth tenth")

_TOKEN = re.compile(
    r"\d{4}-w\d{1,2}(?:-\d)?(?![\d-])|\d{1,4}([./-])\d{1,2}\1\d{1,4}(?![\d./-]\d)"
    r"|q[1-4]\b|\d+(?:st|nd|rd|th)\b|\d+(?![\w/:])|[a-z]+(?:'s)?|[+-]",
    re.ASCII,
)
_BETWEEN = re.compile(r"[\s,.?!']*")


class Words:
    """The words of a phrase, taken from left to right."""

    def __init__(self, phrase: str) -> None:
        """Raises ToolRetry for what no date is written with."""
        text = phrase.strip().lower().replace("’", "'").replace("−", "-")
        self.phrase = phrase.strip()[:80]
        self._words: list[str] = []
        at = len(_BETWEEN.match(text)[0])  # type: ignore[index]
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ToolRetry(f"{text[at : at + 20]!r} belongs to no date that is known here; {HOW}")
            self._words.append(found[0])
            at = _BETWEEN.match(text, found.end()).end()  # type: ignore[union-attr]
        self._at = 0

    @property
    def next(self) -> str:
        """The word at hand; an empty text at the end."""
        return self.ahead(0)

    def ahead(self, n: int) -> str:
        """The word so many further on."""
        return self._words[self._at + n] if self._at + n < len(self._words) else ""

    def take(self) -> str:
        """The word at hand, which is left behind."""
        word = self.next
        self._at += 1
        return word

    def took(self, *phrases: str) -> str:
        """The first of the phrases that is there, left behind; an empty text where none is."""
        for phrase in phrases:
            words = phrase.split()
            if self._words[self._at : self._at + len(words)] == words:
                self._at += len(words)
                return phrase
        return ""

    @property
    def place(self) -> int:
        """Where one is, for `back_to`."""
        return self._at

    def back_to(self, place: int) -> None:
        """Be there again, with nothing taken since."""
        self._at = place

    def skip(self, *fillers: str) -> None:
        """Leave words behind that say nothing."""
        while self.next in fillers:
            self._at += 1

    @property
    def rest(self) -> str:
        """What is left."""
        return " ".join(self._words[self._at :])

    def not_understood(self) -> ToolRetry:
        """That it stops making sense here."""
        where = f"{self.rest[:40]!r} in {self.phrase!r}" if self.rest else repr(self.phrase)
        return ToolRetry(f"{where} is not understood; {HOW}")
