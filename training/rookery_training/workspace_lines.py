"""Finds in what a call returned the lines that something is taken from, for the thought that copies them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from rookery_training.fixed_words import IT_SAYS

LIMIT = 200
"""A thought that copies more characters than these is none."""
COUNTED = "I count: "


def line_with(text: str, label: str, value: str = "") -> str:
    """The first line that has the label and the value, of JSON in one line only that member; "" where none has."""
    for line in text.splitlines():
        if _has(line, label, value):
            member = re.search(rf'"{re.escape(label)}": ("[^"]*"|[^,}}]+)', line) if label else None
            return member[0] if member and line.startswith("{") else line.strip().rstrip(",")
    return ""


def _has(line: str, label: str, value: str) -> bool:
    whole = rf"(?<![\w.-]){re.escape(value)}(?!\w|[.:-]\d)"
    quoted = json.dumps(value, ensure_ascii=False)
    return label.lower() in line.lower() and (not value or bool(re.search(whole, line)) or quoted in line)


def lines_with(text: str, entries: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each entry; none at all where one has none."""
    found = [line_with(text, label, value) for label, value in entries]
    return list(dict.fromkeys(found)) if all(found) else []


def it_says(lines: Iterable[str]) -> str:
    """The thought that copies these lines; "" where there is nothing or too much to copy."""
    copied = " / ".join(line.strip() for line in lines)
    return f"{IT_SAYS}{copied}" if 0 < len(copied) <= LIMIT else ""


def counted(things: Iterable[str]) -> str:
    """The thought that counts things one by one; "" where there are too many."""
    made = " / ".join(f"{n} {thing.strip()}" for n, thing in enumerate(things, 1))
    return f"{COUNTED}{made}" if len(made) <= LIMIT else ""


def ordinal(n: int) -> str:
    return ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")[n - 1]
