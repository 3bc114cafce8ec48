"""How a request becomes a full-text query, and when a found text is close enough to be worth showing."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+", re.UNICODE)
_COMMON_TEXT = """
a about after all also am an and any are as at be been but by can could did do does for from get give go had
has have he her him his how i if in into is it its just like make me my no not of on or our out please she so
some tell than that the their them then there these they this to up us was we were what when where which who
why will with would you your
"""
_COMMON = frozenset(_COMMON_TEXT.split())
MAX_WORDS = 24


def words(text: str) -> list[str]:
    """The words that carry meaning, lower-case, once each, in order; at most `MAX_WORDS`."""
    found = (word.lower() for word in _WORD.findall(text))
    return list(dict.fromkeys(word for word in found if word not in _COMMON and (len(word) > 1 or word.isdigit())))[
        :MAX_WORDS
    ]


def is_common(word: str) -> bool:
    """Whether a lower-case word says nothing about what a text is about."""
    return word in _COMMON


def match_any(text: str) -> str:
    """An FTS5 query for texts with any of the words; "" when there are none. Operators in the text have no effect."""
    return " OR ".join(f'"{word}"' for word in words(text))


def overlap(query: str, text: str) -> float:
    """The share of the query's words that the text has, 0.0 to 1.0."""
    wanted = words(query)
    found = {word.lower() for word in _WORD.findall(text)}
    return sum(word in found for word in wanted) / len(wanted) if wanted else 0.0
