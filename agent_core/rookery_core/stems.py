"""Which words of a text carry meaning, and those without their endings, so that a request finds other forms of them."""

from __future__ import annotations

import re

HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where another word begins in readFile."""
_WORD = re.compile(r"[^\W\d_]+|\d+")
_COMMON_TEXT = """
a about after all also am an and any are as at be been but by can could did do does for from get give go had
has have he her him his how i if in into is it its just like make me my no not of on or our out please she so
some tell than that the their them then there these they this to up us was we were what when where which who
why will with would you your
"""
_COMMON = frozenset(_COMMON_TEXT.split())
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "ly", "s", "e", "y")


def stems(text: str) -> list[str]:
    """The words that carry meaning, in lower case and without their endings, in order; of English words."""
    words = [word.lower() for word in _WORD.findall(HUMP.sub(" ", text))]
    return [_stem(word) for word in words if not is_common(word)]


def is_common(word: str) -> bool:
    """Whether a lower-case word says nothing about what a text is about."""
    return word in _COMMON


def _stem(word: str) -> str:
    """The word without its ending; crude, and the same for both sides."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 2 and word[-1] == word[-2] else word  # planning, plan
