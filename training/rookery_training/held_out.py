"""What may never be trained on: the phrasings of the evaluation's cases and of those written by hand, by hash."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

_BY_HAND = "by_hand/"
_SHIPPED = ("decisions.jsonl", "tasks.jsonl", "faithful.jsonl")
SUITES = (*_SHIPPED, *(_BY_HAND + suite for suite in _SHIPPED))
"""Those that come with the program, and those that adapters are chosen by."""
SHINGLE = 8
"""As many words in a row that both have are a phrasing that was taken over."""
SHORT = 4
"""A message of fewer words ("thanks", "and in Oslo?") is nobody's."""


class HeldOut:
    """Hashes of what people say in these cases."""

    def __init__(self) -> None:
        texts = [text for suite in SUITES for case in cases(suite) for text in said(case)]
        self._whole = {_whole(text) for text in texts if len(words(text)) >= SHORT}
        self._runs = {piece for text in texts for piece in shingles(text)}

    def has(self, text: str) -> bool:
        """Whether this is a message of the evaluation, or has a run of its words."""
        return _whole(text) in self._whole or any(piece in self._runs for piece in shingles(text))


def cases(suite: str) -> list[dict[str, Any]]:
    """The cases of one suite as they are written."""
    ours = suite.startswith(_BY_HAND)
    found = Path(__file__).parents[1] / suite if ours else files("rookery_core.evals").joinpath("cases", suite)
    text = found.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def said(case: dict[str, Any]) -> Iterable[str]:
    """What the person says in it."""
    if "goal" in case:
        yield case["goal"]
    for message in case.get("messages", ()):
        if message["role"] == "user":
            yield message["content"]


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def words(text: str) -> list[str]:
    """Lower case, without punctuation, every number the same."""
    return re.findall(r"[a-z']+|#", re.sub(r"\d+(?:[.,:]\d+)*", "#", text.lower()))


def shingles(text: str) -> Iterator[str]:
    found = words(text)
    for start in range(len(found) - SHINGLE + 1):
        yield hashed(" ".join(found[start : start + SHINGLE]))


def _whole(text: str) -> str:
    return hashed(" ".join(words(text)))
