"""The cases of a comparison: a few of many, by a fixed seed, each group in proportion. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from rookery_core.evals.cases import Case

C = TypeVar("C", bound=Case)


def stratified(cases: Sequence[C], n: int, seed: int) -> list[C]:
    """So many cases at most, in the order of the file; every group has its share, and one case at least while n allows.

    What is drawn of a group depends on the seed and on that group alone.
    """
    groups: dict[str, list[C]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    sizes = shares({name: len(group) for name, group in groups.items()}, n)
    drawn = {
        case.id for name, group in groups.items() for case in random.Random(f"{seed}:{name}").sample(group, sizes[name])
    }
    return [case for case in cases if case.id in drawn]


def shares(sizes: dict[str, int], n: int) -> dict[str, int]:
    """How many of each group, by the largest remainder; no group is left out where there is room for all."""
    total = sum(sizes.values())
    n = min(n, total)
    exact = {name: size * n / total for name, size in sizes.items()}
    least = 1 if n >= len(sizes) else 0
    made = {name: max(int(share), least) for name, share in exact.items()}
    while sum(made.values()) > n:
        made[max((name for name in made if made[name] > least), key=lambda name: made[name] - exact[name])] -= 1
    while sum(made.values()) < n:
        made[max((name for name in made if made[name] < sizes[name]), key=lambda name: exact[name] - made[name])] += 1
    return made
