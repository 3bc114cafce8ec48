"""Words without their endings, so that a request finds what says the same in another form."""

from __future__ import annotations

import re

from rookery_core.memory.query import is_common

HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where another word begins in readFile."""
_WORD = re.compile(r"[^\W\d_]+|\d+")
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "er", "es", "ed", "ly", "s", "e", "y")


def stems(text: str) -> list[str]:
    """The words that carry meaning, in lower case and without their endings, in order; of English words."""
    words = [word.lower() for word in _WORD.findall(HUMP.sub(" ", text))]
    return [_stem(word) for word in words if not is_common(word)]


def _stem(word: str) -> str:
    """The word without its ending; crude, and the same for both sides."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 2 and word[-1] == word[-2] else word  # planning, plan
