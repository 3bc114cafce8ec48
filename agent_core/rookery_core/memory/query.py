"""How a request becomes a full-text query, and when a found text is close enough to be worth showing."""

from __future__ import annotations

import re

from rookery_core.stems import is_common

_WORD = re.compile(r"\w+", re.UNICODE)
MAX_WORDS = 24


def words(text: str) -> list[str]:
    """The words that carry meaning, lower-case, once each, in order; at most `MAX_WORDS`."""
    found = (word.lower() for word in _WORD.findall(text))
    return list(dict.fromkeys(word for word in found if not is_common(word) and (len(word) > 1 or word.isdigit())))[
        :MAX_WORDS
    ]


def match_any(text: str) -> str:
    """An FTS5 query for texts with any of the words; "" when there are none. Operators in the text have no effect."""
    return " OR ".join(f'"{word}"' for word in words(text))


def overlap(query: str, text: str) -> float:
    """The share of the query's words that the text has, 0.0 to 1.0."""
    wanted = words(query)
    found = {word.lower() for word in _WORD.findall(text)}
    return sum(word in found for word in wanted) / len(wanted) if wanted else 0.0
