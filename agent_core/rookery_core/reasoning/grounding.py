"""Whether arguments and answers come from what was said: a number or a path that appears nowhere is questioned.

A small model that copies loses a digit, makes up a file, or adds up in its head. Pure: words in, doubts out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from rookery_core.reasoning.quantities import DIGITS, comparable, readings, said

LONGEST = 80
"""Characters of a text that is looked at; a longer one is written, not copied."""
CALCULATOR = "calculator"
UNACCOUNTED = (
    "{numbers} is nowhere in what was said or read. Work it out with calculator, or answer with what was read."
)
"""What the model is told of numbers in its answer."""
NAMED = 2
"""How many of them are named."""
COUNTED = 20
"""A whole number up to which an answer may count things that nobody numbered."""
_FIGURE = re.compile(r"(?<![\w.,:/#-])\d+(?:[.,]\d+)*(?![\w:/-]|[.,]\d)")
"""A number that stands by itself, and is no part of a date, a time, a path or a code."""
_VERSION = re.compile(r"\d+(?:\.\d+){2,}(?<!\.\d{3})")
"""1.4.2 or 10.0.0.5, which is no number; 1.250.000 is one."""
_TERM = re.compile(r"[^\s]+")
_PATH_PART = re.compile(r"[^/\\]+")
_NOT_FROM_THE_PERSON = re.compile(
    r"\A(?:[a-z][a-z0-9+.\-]*:|(?:africa|america|antarctica|asia|atlantic|australia|europe|indian|pacific)/)"
)
"""What an address or the name of a time zone begins with by itself."""
_PATTERN = re.compile(r"[*?\[\]{}]")
_ARITHMETIC = re.compile(
    r"(?:[\d\s.,+\-*/%^()]|(?<![a-z])(?:sqrt|abs|log|ln|exp|round|floor|ceil|min|max|mod|pi|of|x)(?![a-z]))+"
)
_CONSTANTS = frozenset((0.0, 1.0, 2.0, 7.0, 12.0, 24.0, 60.0, 100.0, 365.0, 1000.0))
"""What arithmetic may bring in by itself: halves, percents, hours in a day."""
_DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:[t ].*)?)?")
_WRITTEN_DATE = re.compile(r"(?P<day>\d{1,2})(?P<mark>[./-])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4})")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::\d\d)?")
_RELATIVE = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|weekend|ago|from now|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|"
    r"(?:next|last|this|coming|of the) (?:week|month|quarter|year)|in \w+ (?:days?|weeks?|months?|years?)|"
    r"(?:end|beginning|middle) of)\b"
)
"""A day that is said without its date."""


def doubts(arguments: Mapping[str, Any], schema: Mapping[str, Any], heard: str) -> list[str]:
    """What to tell the model of each argument that nothing said accounts for; `heard` is all that was said."""
    known = _Heard(heard)
    properties: Mapping[str, Any] = schema.get("properties", {})
    found: list[str] = []
    for name, value in arguments.items():
        allowed = list(_told([properties.get(name, {}), schema.get("$defs", {})]))
        for leaf in _leaves(value):
            if leaf not in allowed and (doubt := known.lacks(leaf)):
                found.append(f"{name}: {doubt} is nowhere in what was said")
    return found


def unsaid(arguments: Mapping[str, Any], schema: Mapping[str, Any], heard: str) -> set[str]:
    """Names of arguments that may be left out and have a number that nothing said accounts for."""
    optional = arguments.keys() - {*schema.get("required", ())}
    numbers = {name: arguments[name] for name in optional if isinstance(arguments[name], int | float)}
    return {name for name, value in numbers.items() if doubts({name: value}, schema, heard)}


def reckoned(answer: str, heard: str) -> list[str]:
    """The numbers of an answer that nothing said accounts for, as they stand there: made up, or worked out unseen."""
    known = _Heard(heard)
    found = (match[0] for match in _FIGURE.finditer(answer))
    return list(dict.fromkeys(figure for figure in found if not known.accounts_for(figure)))


class _Heard:
    """What was said, in the forms that are compared."""

    def __init__(self, text: str) -> None:
        self._text = " ".join(text.lower().split())
        self._numbers = said(self._text)

    def accounts_for(self, figure: str) -> bool:
        """Whether a number in an answer was said, is one that was said with fewer places, or only counts."""
        if self._has(figure) or _VERSION.fullmatch(figure):
            return True
        for text in (figure.replace(",", ""), figure.replace(".", "").replace(",", ".")):  # 1,250.5 and 1.250,5
            if text.count(".") > 1:
                continue
            number, places = float(text), len(text.partition(".")[2])
            if (number <= COUNTED and not places) or self._has_number(number):
                return True
            if any(round(known, places) == number for known in self._numbers if math.isfinite(known)):
                return True
        return False

    def lacks(self, value: Any) -> str:
        """The part of the value that was not said; empty where there is none, or it cannot be told."""
        if isinstance(value, bool) or value is None:
            return ""
        if isinstance(value, int | float):
            return "" if self._has_number(value) else f"{value:g}" if isinstance(value, float) else str(value)
        text = str(value).strip().lower()
        if not text or len(text) > LONGEST or "\n" in text or self._has(" ".join(text.split())):
            return ""
        if made := _DATE.fullmatch(text) or _WRITTEN_DATE.fullmatch(text):
            return "" if self._has_date(made["year"], made["month"], made["day"]) else str(value)
        if made := _CLOCK.fullmatch(text):
            hour = int(made[1])
            return "" if any(map(self._has_number, (hour, hour % 12, hour % 12 + 12))) else str(value)
        if _ARITHMETIC.fullmatch(text):
            return self._lacks_number(text, besides=_CONSTANTS | {len(DIGITS.findall(text)) - 1})  # an average
        if len(_TERM.findall(text)) > 1:
            return ""  # words of its own
        if "/" in text or "\\" in text or _is_file(text):
            named = _PATH_PART.findall(_NOT_FROM_THE_PERSON.sub("", text))
            parts = [part for part in named if part not in (".", "..", "~") and not _PATTERN.search(part)]
            return next((part for part in parts if not (self._has(part) or self._has(part.rpartition(".")[0]))), "")
        return self._lacks_number(text)

    def _has(self, term: str) -> bool:
        """Whether these very words were said, and not as a part of longer ones."""
        return bool(term) and re.search(rf"(?<![^\W_]){re.escape(term)}(?![^\W_])", self._text) is not None

    def _lacks_number(self, text: str, besides: Set[float] = frozenset()) -> str:
        for match in DIGITS.findall(text):
            meant = readings(match)
            if not meant & besides and not any(map(self._has_number, meant)):
                return str(match)
        return ""

    def _has_number(self, number: float) -> bool:
        try:
            number = abs(comparable(number))
        except OverflowError:  # hundreds of digits
            return False
        return number in self._numbers or (number < 100 and comparable(number / 100) in self._numbers)

    def _has_date(self, year: str, month: str, day: str | None) -> bool:
        if not DIGITS.search(self._text) or _RELATIVE.search(self._text):
            return True  # "tomorrow"
        if day is None:
            return self._has_number(int(month))
        return self._has_number(int(day)) and (self._has_number(int(month)) or self._has_number(int(year)))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _told(node: Any) -> Iterator[Any]:
    """The defaults and choices anywhere in a schema."""
    if isinstance(node, Mapping):
        yield from (node[key] for key in ("default", "const") if key in node)
        yield from node.get("enum", ())
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from _told(inner)


def _is_file(text: str) -> bool:
    return bool(re.fullmatch(r"[\w\-. ]*\.[a-z][a-z0-9]{0,5}", text))
