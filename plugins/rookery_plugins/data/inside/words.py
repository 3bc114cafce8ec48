"""Words in the forms that people write: one thing or many, and names that are made of several words."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HISSED = ("s", "x", "z", "ch", "sh", "o")
"""How words end that get -es."""


def words(name: str) -> list[str]:
    """The words of a name, without case: `paidEur` and `paid_eur` have the same."""
    return [word.casefold() for word in _WORD.findall(_HUMP.sub(" ", name))]


def forms(text: str) -> list[str]:
    """The text, then the same with its last word as one thing and as many: battery and batteries, bus and buses."""
    if not text or not text[-1].isalpha():
        return [text]
    made = [text]
    if text.endswith("ies") and len(text) > 4:
        made.append(f"{text[:-3]}y")
    if text.endswith("es") and text[:-2].endswith(_HISSED):
        made.append(text[:-2])
    if text.endswith("s") and not text.endswith("ss") and len(text) > 3:
        made.append(text[:-1])
    if text.endswith("y") and text[-2:-1] not in "aeiou":
        made.append(f"{text[:-1]}ies")
    elif text.endswith(_HISSED):
        made.append(f"{text}es")
    return made if text.endswith("s") else [*made, f"{text}s"]
