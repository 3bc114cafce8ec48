"""Goals in words, put together from the parts in `phrases/workspace*.toml`."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

FILES = sorted((Path(__file__).resolve().parents[1] / "phrases").glob("workspace*.toml"))
NEW_LINE = "⏎"
"""Stands for the end of a line in a phrasing, which is one line of its file."""
HELD_OUT = 9
"""Every ninth phrasing of each list is kept for development."""


class Phrases:
    """One side of the phrasings: those that are trained on, or those that are kept."""

    def __init__(self, rng: random.Random, *, held_out: bool = False) -> None:
        self._rng = rng
        self._lists: dict[tuple[str, ...], tuple[str, ...]] = {}
        leaves = (leaf for file in FILES for leaf in _leaves(tomllib.loads(file.read_text(encoding="utf-8")), ()))
        for path, text in leaves:
            every = [line.replace(NEW_LINE, "\n") for line in text.splitlines() if line]
            kept = {line for n, line in enumerate(every) if n % HELD_OUT == HELD_OUT - 1}
            asked = path[0] not in ("answer", "reply", "kept")
            chosen = [line for line in every if not asked or (line in kept) == held_out]
            self._lists[path] = tuple(chosen)

    def pick(self, *path: str) -> str:
        return self._rng.choice(self._lists[path])

    def count(self) -> int:
        """How many goals can be put together of a clause, a place and a frame, slots apart."""
        lists = {path: len(set(lines)) for path, lines in self._lists.items()}
        frames = sum(n for path, n in lists.items() if path[0] == "goal" and path[1] != "question")
        places = sum(n for path, n in lists.items() if path[0] == "where" and path[2] != "question")
        asked = sum(n for path, n in lists.items() if path[0] == "where" and path[2] != "noun")
        nouns = sum(n for path, n in lists.items() if path[0] == "noun")
        questions = sum(n for path, n in lists.items() if path[0] == "question")
        whole = sum(n for path, n in lists.items() if path[0] in ("whole", "page", "list", "chain"))
        return nouns * places * frames + questions * asked * lists["goal", "question"] + whole

    def goal(self, get: str, where: str, deliver: str) -> str:
        """A goal with slots; `where` is empty if what is asked for says it."""
        rng = self._rng
        asks = deliver == "tell" and rng.random() < 0.4
        clause = self.pick("question" if asks else "noun", get)
        frame = self.pick("goal", "question" if asks else deliver)
        place = rng.choice(["with", "with", "before", "after"]) if where else ""
        if place == "with":
            clause = f"{clause} {self.pick('where', where, 'question' if asks else 'noun')}"
        text = frame.replace("{q}", clause).replace("{np}", clause)
        if place == "before":
            text = f"{self.pick('where', where, 'before')} {text}"
        elif place == "after":
            text = f"{text.rstrip('.')}{'' if text.endswith('?') else '.'} {self.pick('where', where, 'after')}"
        return self.typed(text)

    def whole(self, name: str) -> str:
        return self.typed(self.pick("whole", name))

    def page(self, name: str) -> str:
        """A question to a file of several lines."""
        return self.pick_typed("page", name)

    def pick_typed(self, *path: str) -> str:
        return self.typed(self.pick(*path))

    def typed(self, text: str) -> str:
        """With capitals at the beginning of sentences, as most people write."""
        if self._rng.random() < 0.35:
            return text
        return re.sub(r"(^|[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)


def _leaves(tree: dict[str, object], path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], str]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), str(value)
