"""Problems that take arithmetic, in words, with the expression that the calculator is to be given.

Put together of `training/sums/*.toml`; what comes out is the calculator's own. Knows nothing of conversations' form.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rookery_plugins.calculator.expression import worked_out
from rookery_training.catalogue import SLOT, Scene, fill, slots_of
from rookery_training.sums_values import Drawn, as_digits
from rookery_training.values import Value

FOLDER = Path(__file__).resolve().parents[1] / "sums"
HELD_OUT = 9
"""Every ninth wording is kept for development."""
TRIES = 400
PLACES, LONGEST = 4, 16
"""Decimals and characters of a result that nobody asked to have rounded."""
ASIDES = 0.15


@dataclass(frozen=True, slots=True)
class Problem:
    """One structure in one setting, with several wordings of the whole of it."""

    slots: Mapping[str, str]
    expression: str
    asks: tuple[str, ...]
    answers: tuple[str, ...]
    first: str = ""
    """The plan, which the thought before the call copies; empty where there is one operation."""
    where: str = ""
    """What holds of the slots, as a Python expression."""
    follow_ups: tuple[str, ...] = ()
    """The same with other values of the slots in them."""
    long: bool = False
    """Whether the result may have any number of digits."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A problem with its numbers."""

    problem: Problem
    ask: str
    """With slots, which `scene` fills."""
    scene: Scene
    drawn: Drawn
    expression: str
    first: str
    result: str
    answer: str


class Sums:
    """Makes problems of one side of the wordings; the same seed makes the same."""

    def __init__(self, rng: random.Random, *, develop: bool = False) -> None:
        self._rng = rng
        self._pools = _pools()
        self.problems = tuple(_side(load(), develop=develop))
        data = _read(FOLDER / "common.toml")
        self._asides = tuple(_lines(data["asides"]))
        self._later = tuple(
            problem for problem in _side([_problem(entry) for entry in data["later"]], develop=develop) if problem.asks
        )

    def draw(self) -> Sum:
        """One of the problems."""
        problem = self._rng.choice(self.problems)
        made = self.make(problem)
        text = made.ask
        if self._rng.random() < ASIDES and text[-1] in "?." and len(text.split()) > 8:
            aside = self._rng.choice(self._asides)
            text = f"{aside} {text}" if self._rng.random() < 0.6 else f"{text} {aside}"
        return replace(made, ask=text)

    def make(self, problem: Problem) -> Sum:
        """This problem with numbers; ValueError where none do."""
        for _ in range(TRIES):
            drawn = Drawn(self._pools, self._rng)
            scene: Scene = {}
            for name, kind in problem.slots.items():
                scene |= drawn.draw(name, kind)
            text = self._rng.choice(problem.asks)
            if not drawn.shown_in(fill(text, as_digits(text, scene), self._rng, said=True)):
                drawn.money = "{}"
            made = None if _twice(problem, scene) else self._worded(problem, text, scene, drawn)
            if made is not None:
                return made
        raise ValueError(f"no numbers fit {problem.expression} where {problem.where!r}")

    def follow(self, before: Sum) -> Sum | None:
        """The same problem with another number, or one about its result; None where there is none."""
        if before.problem.follow_ups and self._rng.random() < 0.65:
            text = self._rng.choice(before.problem.follow_ups)
            for _ in range(TRIES):
                scene = dict(before.scene)
                for name in [name for name in before.problem.slots if name in slots_of(text)]:
                    scene |= before.drawn.draw(name, before.problem.slots[name])
                made = self._worded(before.problem, text, scene, before.drawn)
                if made is not None and made.expression != before.expression:
                    return made
        if not self._later or not re.fullmatch(r"\d{1,7}(\.\d{1,2})?", before.result) or before.result == "0":
            return None
        problem = self._rng.choice(self._later)
        for _ in range(TRIES):
            scene = {"before": Value(before.result, before.result)}
            for name, kind in problem.slots.items():
                scene |= before.drawn.draw(name, kind)
            made = self._worded(problem, self._rng.choice(problem.asks), scene, before.drawn)
            if made is not None:
                return made
        return None

    def _worded(self, problem: Problem, text: str, scene: Scene, drawn: Drawn) -> Sum | None:
        rng = self._rng
        if problem.where and not holds(problem.where, scene):
            return None
        expression = fill(problem.expression, scene, rng)
        result = worked_out(expression)
        places = 2 if "{money}" in problem.answers[0] else PLACES
        if not problem.long and not _neat(result, expression, places):
            return None
        told = scene | {
            "result": Value(result, result),
            "money": Value(drawn.money.format(result), drawn.money.format(result)),
        }
        first = fill(problem.first, scene, rng)
        answer = fill(rng.choice(problem.answers), told, rng)
        return Sum(
            problem, _typed(text, rng), as_digits(text, scene), drawn, expression, _capital(first), result, answer
        )


def load(folder: Path = FOLDER) -> list[Problem]:
    """All problems, in the order of their files."""
    files = [path for path in sorted(folder.glob("*.toml")) if path.name != "common.toml"]
    return [_problem(entry) for path in files for entry in _read(path)["problem"]]


def holds(condition: str, scene: Mapping[str, Value]) -> bool:
    """Whether a Python expression is true of the numbers of a scene."""
    numbers = {
        name: float(value.argument) for name, value in scene.items() if re.fullmatch(r"[\d.]+", str(value.argument))
    }
    return bool(eval(condition, {"__builtins__": {}}, numbers))  # our own files


def _twice(problem: Problem, scene: Scene) -> bool:
    """Whether two things of a problem are the same one."""
    words = [scene[name].said for name in problem.slots if not re.search(r"\d", scene[name].argument)]
    return len(set(words)) < len(words)


def _neat(result: str, expression: str, places: int) -> bool:
    if result.startswith("-") or len(result) > LONGEST or "e" in result:
        return False
    return "round(" in expression or len(result.partition(".")[2]) <= places


def _side(problems: list[Problem], *, develop: bool) -> Iterator[Problem]:
    """Each problem with the wordings of one side; those that have none are left out."""
    n = 0
    for problem in problems:
        asks: list[str] = []
        follow_ups: list[str] = []
        for texts, chosen in ((problem.asks, asks), (problem.follow_ups, follow_ups)):
            for text in texts:
                n += 1
                if (n % HELD_OUT == 0) == develop:
                    chosen.append(text)
        if asks:
            yield replace(problem, asks=tuple(asks), follow_ups=tuple(follow_ups))


def _problem(entry: Mapping[str, Any]) -> Problem:
    several = ("asks", "answers", "follow_ups")
    fields: dict[str, Any] = {name: tuple(_lines(made)) if name in several else made for name, made in entry.items()}
    return Problem(**fields)


def _pools() -> dict[str, tuple[str, ...]]:
    pools: dict[str, str] = _read(FOLDER / "common.toml")["pools"]
    return {
        name: tuple(item.strip() for item in text.replace("\n", "|").split("|") if item.strip())
        for name, text in pools.items()
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as exc:
        raise ValueError(f"{path.name}: {exc}") from exc


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _typed(text: str, rng: random.Random) -> str:
    """With capitals at the beginning of sentences, as most people write."""
    if rng.random() < 0.35 or SLOT.match(text):
        return text
    return re.sub(r"(^|[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
