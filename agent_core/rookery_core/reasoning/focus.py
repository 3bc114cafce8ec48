"""The part of a long result that a request is about, by its words: a small model finds a row better when it is shown.

Pure: words in, words out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set

from rookery_core.stems import stems

FEWEST = 3
"""Parts that a result has at least; of fewer none need be shown."""
MOST = 2
"""Parts that are shown at most: where more fit equally well, none stands out."""
RARE = 0.25
"""The share of the parts up to which a word tells them apart."""
LONGEST = 300
"""Characters that are shown at most."""
SHORTER = 0.8
"""What is shown is at most so much of the whole."""
WORDY = 2_000
"""Characters of a request from which on it is about too much."""
POINTED = "\n\n(The request's words are in:\n{part})"
"""How the model is told, below the result."""

_ABOUT_MANY = re.compile(
    r"\b(?:how many|number of|all|every|each|both|total|sum|add|altogether|together|average|mean|whole|everything|"
    r"count|list|top|most|least|more|less|fewer|above|below|over|under|than|between|since|before|after|until|first|"
    r"last|next|previous|follow(?:s|ing)?|preced(?:es|ing)|rank|sort|summari[sz]e|"
    r"(?:larg|bigg|high|low|small|cheap|long|short|new|lat|old|few|earli|heavi|light|busi|great|fast|slow)est)\b",
    re.IGNORECASE,
)
"""What is asked of several parts, or of their order, is in no single one."""
_ENDING = re.compile(r"\.[a-z]\w{0,4}\W*\Z", re.IGNORECASE)
_TERM = re.compile(r"[^\W_]+(?:(?<=\d)[.:/](?=\d)[^\W_]+|-[^\W_]+)*")
"""A word, a number, a time, a date or a code."""
_SHORTENED = re.compile(r"['’](?:s|d|t|m|ll|re|ve)\b")
"""What is no word: Thora's, don't."""
_OBJECT = re.compile(r"\{[^{}]*\}")
_BETWEEN = tuple(map(re.compile, (r"\|", r"\t", ";", ",", r" {2,}")))
"""What stands between the columns of a table."""
_RULE = " \t|:+-"
_MARKED = re.compile(r"\[END [0-9A-F]{8}\]\Z")


def pointed(request: str, result: str) -> str:
    """What the model reads below a result; "" where no part of it stands out.

    Words of others between marks are not repeated outside of them.
    """
    part = "" if _MARKED.search(result) else focus(request, result)
    return POINTED.format(part=part) if part else ""


def focus(request: str, result: str) -> str:
    """The parts that have the rarest of the request's words, under the result's heading; "" where none stand out."""
    if len(request) > WORDY or _ABOUT_MANY.search(request):
        return ""
    heading, parts = _parts(result)
    if len(parts) < FEWEST:
        return ""
    wanted, said = _words(_without_paths(request)), [_words(part) for part in parts]
    held = [words & wanted if words - wanted else set() for words in said]  # the request's own words tell nothing new
    count = {word: sum(word in words for words in held) for word in wanted}
    weight = {word: math.log(1 + len(parts) / n) for word, n in count.items() if 1 <= n <= max(1, RARE * len(parts))}
    chosen = _chosen(held, weight)
    shown = "\n".join([*([heading] if heading else []), *(parts[n] for n in sorted(chosen))])
    return shown if chosen and len(shown) <= min(LONGEST, SHORTER * len(result)) else ""


def _chosen(held: Sequence[Set[str]], weight: Mapping[str, float]) -> list[int]:
    """The parts with the most weight, and then those with the words that these lack; none where too many are alike."""
    chosen: list[int] = []
    lacking = set(weight)
    while lacking:
        scores = [sum(weight[word] for word in words & lacking) for words in held]
        best = max(scores)
        alike = [n for n, score in enumerate(scores) if best and score > 0.95 * best]
        if not alike or len(chosen) + len(alike) > MOST:
            break
        chosen += alike
        lacking -= set().union(*(held[n] for n in alike))
    return chosen


def _parts(text: str) -> tuple[str, list[str]]:
    """The heading, and what is alike: objects of JSON, paragraphs, or lines with those that are indented below them."""
    if text.lstrip().startswith(("{", "[")) and len(found := _OBJECT.findall(text)) >= FEWEST:
        return "", found
    paragraphs = [part for part in re.split(r"\n\s*\n", text.strip("\n")) if part.strip()]
    if len(paragraphs) >= FEWEST:
        return "", paragraphs
    lines = [line for line in text.splitlines() if line.strip()]
    ruled = next((n for n, line in enumerate(lines) if n and "-" in line and not line.strip(_RULE)), 0)
    if ruled:
        return lines[ruled - 1], lines[ruled + 1 :]
    if _is_heading(lines):
        return lines[0], lines[1:]
    parts: list[str] = []
    for line in lines:
        if parts and line[0] in " \t":
            parts[-1] += f"\n{line}"
        else:
            parts.append(line)
    return "", parts


def _is_heading(lines: Sequence[str]) -> bool:
    """Whether the first line names the columns of those that follow."""
    if len(lines) < 2 or re.search(r"\d", lines[0]):
        return False
    for between in _BETWEEN:
        n = len(between.findall(lines[0]))
        if n and sum(len(between.findall(line)) == n for line in lines[1:]) >= len(lines) // 2:
            return True
    return False


def _without_paths(request: str) -> str:
    """What the request says but for the names of files: the whole result is of them."""
    return " ".join(word for word in request.split() if not ({"/", "\\"} & {*word} or _ENDING.search(word[-8:])))


def _words(text: str) -> set[str]:
    """Words without their endings, and numbers, times and codes as they are."""
    terms = _TERM.findall(_SHORTENED.sub("", text.casefold()))
    return {*filter(_has_digit, terms), *stems(" ".join(term for term in terms if not _has_digit(term)))}


def _has_digit(term: str) -> bool:
    return any(character.isdigit() for character in term)
