"""Whether the arguments of a call come from what was said: a number or a path that appears nowhere is questioned.

A small model that copies loses a digit or makes up a file. Pure: words in, doubts out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

LONGEST = 80
"""Characters of a text that is looked at; a longer one is written, not copied."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_TERM = re.compile(r"[^\s]+")
_PATH_PART = re.compile(r"[^/\\]+")
_ARITHMETIC = re.compile(
    r"(?:[\d\s.,+\-*/%^()]|(?<![a-z])(?:sqrt|abs|log|ln|exp|round|floor|ceil|min|max|mod|pi|of|x)(?![a-z]))+"
)
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: SIM905
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", *_TEENS)
_WORDS = {word: float(n) for n, word in enumerate(_UNITS)}
_WORDS |= {word: 10.0 * (n + 2) for n, word in enumerate(_TENS)}
_WORDS |= {"a": 1, "an": 1, "once": 1, "twice": 2, "double": 2, "couple": 2, "pair": 2, "half": 0.5, "quarter": 0.25}
_WORDS |= {
    "both": 2,
    "dozen": 12,
    "hundred": 100,
    "thousand": 1000,
    "million": 1e6,
    "first": 1,
    "second": 2,
    "third": 3,
}
_WORDS |= {
    "single": 1,
    "triple": 3,
    "square": 2,
    "squared": 2,
    "cube": 3,
    "cubed": 3,
    "fourth": 4,
    "fifth": 5,
    "tenth": 10,
}
_CONSTANTS = frozenset((0.0, 1.0, 2.0, 7.0, 12.0, 24.0, 60.0, 100.0, 365.0, 1000.0))
"""What arithmetic may bring in by itself: halves, percents, hours in a day."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::\d\d)?")


def doubts(arguments: Mapping[str, Any], schema: Mapping[str, Any], heard: str) -> list[str]:
    """What to tell the model of each argument that nothing said accounts for; `heard` is all that was said."""
    known = _Heard(heard)
    properties: Mapping[str, Any] = schema.get("properties", {})
    found: list[str] = []
    for name, value in arguments.items():
        about: Mapping[str, Any] = properties.get(name, {})
        allowed = [about.get("default"), *about.get("enum", ()), about.get("const")]
        for leaf in _leaves(value):
            if leaf not in allowed and (doubt := known.lacks(leaf)):
                found.append(f"{name}: {doubt} is nowhere in what was said")
    return found


class _Heard:
    """What was said, in the forms that are compared."""

    def __init__(self, text: str) -> None:
        self._text = " ".join(text.lower().split())
        self._numbers = {number for match in _NUMBER.findall(self._text) for number in _readings(match)}
        spoken = [word for word in re.findall(r"[a-z]+", self._text) if word in _WORDS]
        self._numbers |= {float(_WORDS[word]) for word in spoken}
        for tens, unit in pairwise(spoken):  # "twenty five", "three hundred"
            self._numbers |= {_WORDS[tens] + _WORDS[unit], _WORDS[tens] * _WORDS[unit]}

    def lacks(self, value: Any) -> str:
        """The part of the value that was not said; empty where there is none, or it cannot be told."""
        if isinstance(value, bool) or value is None:
            return ""
        if isinstance(value, int | float):
            return "" if self._has_number(float(value)) else f"{value:g}" if isinstance(value, float) else str(value)
        text = str(value).strip().lower()
        if not text or len(text) > LONGEST or "\n" in text or self._has(" ".join(text.split())):
            return ""
        if made := _DATE.fullmatch(text):
            return "" if self._has_date(*made.groups()) else str(value)
        if made := _CLOCK.fullmatch(text):
            return "" if self._has_number(float(made[1])) or self._has_number(float(made[1]) % 12) else str(value)
        if _ARITHMETIC.fullmatch(text):
            return self._lacks_number(text, besides=_CONSTANTS)
        if len(_TERM.findall(text)) > 1:
            return ""  # words of its own
        if "/" in text or "\\" in text or _is_file(text):
            parts = [part for part in _PATH_PART.findall(text) if part not in (".", "..", "~")]
            return next((part for part in parts if not (self._has(part) or self._has(part.rpartition(".")[0]))), "")
        return self._lacks_number(text)

    def _has(self, term: str) -> bool:
        """Whether these very words were said, and not as a part of longer ones."""
        return bool(term) and re.search(rf"(?<![^\W_]){re.escape(term)}(?![^\W_])", self._text) is not None

    def _lacks_number(self, text: str, besides: frozenset[float] = frozenset()) -> str:
        for match in _NUMBER.findall(text):
            readings = _readings(match)
            if not readings & besides and not any(self._has_number(reading) for reading in readings):
                return str(match)
        return ""

    def _has_number(self, number: float) -> bool:
        return number in self._numbers or -number in self._numbers or number / 100 in self._numbers

    def _has_date(self, year: str, month: str, day: str) -> bool:
        if not _NUMBER.search(self._text):
            return True  # "tomorrow"
        named = _MONTHS[int(month) - 1] in self._text if 1 <= int(month) <= 12 else False
        return self._has_number(float(day)) and (
            named or self._has_number(float(month)) or self._has_number(float(year))
        )


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _readings(text: str) -> set[float]:
    """What digits may mean: 1,250 is a thousand or one and a quarter, 2026.11.23 three numbers."""
    made = {float(part) for part in re.split(r"[.,]", text)}
    for candidate in (text.replace(",", ""), text.replace(".", "").replace(",", "."), text.replace(".", "")):
        if candidate.count(".") <= 1 and "," not in candidate:
            made.add(float(candidate))
    return made


def _is_file(text: str) -> bool:
    return bool(re.fullmatch(r"[\w\-. ]*\.[a-z][a-z0-9]{0,5}", text))
