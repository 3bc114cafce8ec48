"""Which of many tools fit a request: a ranking by meaning and by words, so that a model need not choose among all.

By meaning: the cosine of the request to what a tool is, or to the nearest of the phrases and examples that it has. By
words: BM25 (Robertson and Zaragoza, 2009) over names, descriptions and parameters. Knows no model that talks.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property

from rookery_core.embeddings.static import StaticEmbedding, Vectors, shipped
from rookery_core.stems import HUMP, stems
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.typed import is_command

WORDS_WEIGHT = 0.1
"""Of the tool that has most of the request's words, beside a cosine."""
FITS = 0.2
"""The least score of a tool that is worth a place of its own."""
K1, B = 1.2, 0.75
NAME_WEIGHT, DESCRIPTION_WEIGHT, PARAMETER_WEIGHT = 3, 2, 1
BEST = 3
"""While the tools offered before hold the best ones, this many, they stay as they are, and the prompt with them."""
BASIC = ("read_file", "list_files", "search_files", "calculator")
"""Rookery's own tools that much else needs on its way, though nothing in a request says so."""
_WEB = re.compile(r"\bhttps?://\S+|\bwww\.\S+")
_MAIL = re.compile(r"\S+@\S+\.\w+")
_FILE = re.compile(r"(?<![\w/])(?:[~\w.-]*/[\w./-]*\w|[\w-]+\.[A-Za-z][A-Za-z0-9]{0,4}(?!\w))")
_ENDINGS = {
    "CSV table file": "csv tsv",
    "JSON file": "json jsonl",
    "SQLite database file": "db sqlite sqlite3",
    "spreadsheet file": "xls xlsx ods",
    "PDF document file": "pdf docx odt epub",
    "picture file": "png jpg jpeg gif webp svg",
}
_KINDS = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
"""What a file is by the end of its name; others are text files."""


class Discovery:
    """An index of tools."""

    def __init__(self, registry: Registry, embedding: StaticEmbedding | None = None) -> None:
        """`embedding` is the one that comes with the program unless given; it is read when it is first needed."""
        self._registry = registry
        self._embedding = embedding or shipped()
        self._counts = [_terms_of(offered) for offered in registry]
        self._lengths = [sum(count.values()) for count in self._counts]
        self._mean = sum(self._lengths) / len(self._lengths) if self._lengths else 1.0
        within = Counter(term for count in self._counts for term in count)
        n = len(self._counts)
        self._weight = {term: math.log(1 + (n - held + 0.5) / (held + 0.5)) for term, held in within.items()}

    def ranked(self, request: str) -> list[tuple[OfferedTool, float]]:
        """All tools with how well they fit the request, the best first; at most 1.1, and 0.0 for not at all."""
        wanted = set(stems(request))
        by_words = [self._score(n, wanted) for n in range(len(self._counts))]
        most = max(by_words, default=0.0) or 1.0
        scores = [
            meant + WORDS_WEIGHT * said / most for meant, said in zip(self._meant(request), by_words, strict=True)
        ]
        return sorted(zip(self._registry, scores, strict=True), key=lambda pair: -pair[1])

    def select(
        self,
        request: str,
        most: int,
        *,
        pinned: Collection[str] = (),
        before: Collection[str] = (),
        used: Collection[str] = (),
    ) -> Registry:
        """At most `most` tools: the pinned ones, those that the request names, those for commands where it is one,
        those that fit it best, the basic ones.

        `before` are the names offered so far; they stay while they serve, since another list has to be read anew.
        `used` are those that were called, the last one first; a short request may mean them without a word of them.
        Where more than `most` are pinned, it is exactly those.
        """
        if most <= 0 or len(self._registry) <= most:
            return self._registry
        ranked = self.ranked(request)
        wanted = dict.fromkeys(name for name in self._registry.names if name in pinned)
        size = max(most, len(wanted))
        wanted |= dict.fromkeys(offered.name for offered in self._registry if _is_named(offered, request))
        if is_command(request):
            wanted |= dict.fromkeys(offered.name for offered in self._registry if offered.tool.command)
        wanted |= dict.fromkeys(offered.name for offered, score in ranked[:BEST] if score >= FITS)
        wanted |= dict.fromkeys(each.name for each in self._registry if each.built_in and each.name in BASIC)
        if len(before) == size and set(before) <= set(self._registry.names) and set(list(wanted)[:size]) <= set(before):
            return Registry(offered for offered in self._registry if offered.name in before)
        wanted |= dict.fromkeys(name for name in used if name in self._registry.names)
        wanted |= dict.fromkeys(offered.name for offered, score in ranked if score >= FITS)
        wanted |= dict.fromkeys(name for name in self._registry.names if name in before)
        wanted |= dict.fromkeys(self._registry.names)
        return Registry(self._registry.get(name) for name in list(wanted)[:size])

    def _meant(self, request: str) -> list[float]:
        """The cosine of each tool, in the order of the registry."""
        vectors, owners = self._vectors
        cosines = [0.0] * len(self._registry)
        (wanted,) = self._embedding.vectors([_shape(request)])
        for owner, cosine in zip(owners, (vectors @ wanted).tolist(), strict=True):
            cosines[owner] = max(cosines[owner], cosine)
        return cosines

    @cached_property
    def _vectors(self) -> tuple[Vectors, list[int]]:
        """What the tools are and how they are asked for, and the place of the tool that each row is of."""
        told = [(n, text) for n, offered in enumerate(self._registry) for text in _texts_of(offered)]
        return self._embedding.vectors([text for _, text in told]), [n for n, _ in told]

    def _score(self, n: int, wanted: Iterable[str]) -> float:
        count, length = self._counts[n], self._lengths[n]
        total = 0.0
        for term in wanted:
            if held := count.get(term):
                total += self._weight[term] * held * (K1 + 1) / (held + K1 * (1 - B + B * length / self._mean))
        return total


def _shape(request: str) -> str:
    """The request with names that mean nothing replaced by what they are names of."""
    return _FILE.sub(_kind, _MAIL.sub("e-mail address", _WEB.sub("web page", request)))


def _kind(file: re.Match[str]) -> str:
    """What kind of file it is that is named."""
    return _KINDS.get(file[0].rpartition(".")[2].lower(), "text file")


def _texts_of(offered: OfferedTool) -> list[str]:
    tool = offered.tool
    parameters = " ".join(tool.schema.get("properties", {}))
    what = HUMP.sub(" ", f"{offered.name}: {tool.description} {parameters}".replace("_", " "))
    return [what, *tool.phrases, *(example.asked for example in tool.examples)]


def _terms_of(offered: OfferedTool) -> Counter[str]:
    found: Counter[str] = Counter()
    texts = [(offered.name, NAME_WEIGHT), (offered.tool.description, DESCRIPTION_WEIGHT)]
    for name, schema in offered.tool.schema.get("properties", {}).items():
        texts += [(name, PARAMETER_WEIGHT), (str(schema.get("description", "")), PARAMETER_WEIGHT)]
        texts += [(str(value), PARAMETER_WEIGHT) for value in schema.get("enum", ())]
    for text, weight in texts:
        for term in stems(text):
            found[term] += weight
    return found


def _is_named(offered: OfferedTool, request: str) -> bool:
    """Whether the request has the very name of the tool."""
    names = "|".join(re.escape(name) for name in {offered.name, offered.full_name})
    return re.search(rf"(?<!\w)(?:{names})(?!\w)", request, re.IGNORECASE) is not None
