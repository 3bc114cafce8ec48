"""Cuts a long text to what matters for a request: its beginning, its end, and between them the passages that fit best.

Passages are compared with the request by meaning and by words, as tools are. Knows neither tools nor models that talk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rookery_core.embeddings.static import StaticEmbedding, shipped
from rookery_core.memory.query import words
from rookery_core.text import cut_middle

PASSAGE_CHARS = 160
"""A passage is whole lines up to about so many characters, or a piece of a line that is longer."""
MOST_CHARS = 200_000
"""Of a longer text only passages that have a word of the request are compared by meaning; as many as fit in this."""
HEAD, TAIL = 0.25, 0.2
"""Shares of the room that beginning and end have: the gist comes first, an error last."""
FITS = 0.3
"""The least score of a passage that is worth its place; below it the text is cut as if nothing were asked."""
WORDS_WEIGHT = 0.5
"""Of a passage with all words of the request, beside a cosine."""
_SENTENCE = re.compile(r"(?<=[.;,}\]>])\s*")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is kept of a text."""

    text: str
    dropped_chars: int
    """0: it is the whole text."""


@dataclass(frozen=True)
class Relevance:
    """The filter between a long result and the model."""

    embedding: StaticEmbedding = field(default_factory=shipped)

    def excerpt(self, text: str, request: str, limit: int) -> Excerpt:
        """The text in about `limit` characters, marks of what is missing not counted; as it is where it fits.

        What is kept stands in the order it had, with the number of characters that were left out at each gap.
        """
        if len(text) <= limit:
            return Excerpt(text, 0)
        passages = _passages(text)
        scores = self._scores(text, passages, request)
        kept = _choose(passages, scores, limit)
        if kept is None:
            cut, dropped = cut_middle(text, limit)
            return Excerpt(cut, dropped)
        return _joined(text, [passages[n] for n in sorted(kept)])

    def _scores(self, text: str, passages: Sequence[_Passage], request: str) -> list[float]:
        wanted = set(words(request))
        shares = [_share(wanted, text[p.start : p.end]) for p in passages]
        compared = list(range(len(passages)))
        if len(text) > MOST_CHARS:
            most = MOST_CHARS // PASSAGE_CHARS
            compared = sorted((n for n in compared if shares[n] > 0), key=lambda n: -shares[n])[:most]
        scores = [WORDS_WEIGHT * share for share in shares]
        (asked,) = self.embedding.vectors([request])
        vectors = self.embedding.vectors([text[passages[n].start : passages[n].end] for n in compared])
        for n, cosine in zip(compared, (vectors @ asked).tolist(), strict=True):
            scores[n] += max(cosine, 0.0)
        return scores


@dataclass(frozen=True, slots=True)
class _Passage:
    start: int
    end: int


def _passages(text: str) -> list[_Passage]:
    made: list[_Passage] = []
    start = at = 0
    for line in text.splitlines(keepends=True):
        if at > start and at + len(line) - start > PASSAGE_CHARS:
            made.append(_Passage(start, at))
            start = at
        at += len(line)
        while at - start > PASSAGE_CHARS:
            end = _break(text, start, at)
            made.append(_Passage(start, end))
            start = end
    if at > start:
        made.append(_Passage(start, at))
    return made


def _break(text: str, start: int, end: int) -> int:
    """Where a line that is too long is best broken: behind the last mark or space within reach, or anywhere."""
    piece = text[start : min(start + PASSAGE_CHARS, end)]
    marks = [found.end() for found in _SENTENCE.finditer(piece) if found.end() > PASSAGE_CHARS // 2]
    space = piece.rfind(" ", PASSAGE_CHARS // 2) + 1
    return start + (marks[-1] if marks else space or len(piece))


def _share(wanted: set[str], passage: str) -> float:
    if not wanted:
        return 0.0
    return len(wanted & {word.lower() for word in re.findall(r"\w+", passage)}) / len(wanted)


def _choose(passages: Sequence[_Passage], scores: Sequence[float], limit: int) -> set[int] | None:
    """The passages that are kept; None where none fits the request."""
    room = limit
    kept: set[int] = set()

    def take(n: int) -> bool:
        nonlocal room
        size = passages[n].end - passages[n].start
        if n in kept or size > room:
            return False
        kept.add(n)
        room -= size
        return True

    best = [n for n in np.argsort(-np.array(scores), kind="stable").tolist() if scores[n] >= FITS]
    if not best:
        return None
    take(best[0])  # whatever else there is no room for
    for order, share in ((range(len(passages)), HEAD), (range(len(passages) - 1, -1, -1), TAIL)):
        least = room - int(limit * share)
        for n in order:
            if n not in kept and (room - (passages[n].end - passages[n].start) < least or not take(n)):
                break
    for n in best:
        take(n)
        for beside in (n + 1, n - 1):  # what stands around it is often what it is about
            if 0 <= beside < len(passages) and n in kept:
                take(beside)
    return kept


def _joined(text: str, passages: Sequence[_Passage]) -> Excerpt:
    parts: list[str] = []
    at = dropped = 0
    for passage in [*passages, _Passage(len(text), len(text))]:
        if gap := passage.start - at:
            parts.append(
                f"{'' if not parts or parts[-1].endswith(chr(10)) else chr(10)}[... {gap} characters left out ...]\n"
            )
            dropped += gap
        parts.append(text[passage.start : passage.end])
        at = passage.end
    return Excerpt("".join(parts), dropped)
