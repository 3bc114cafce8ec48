"""Two harnesses on the same cases: how often each was right where the other was wrong, and McNemar's test. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Paired:
    """One side against the other."""

    n: int
    """Cases that both were judged on."""
    wins: int
    """Right where the other was wrong."""
    losses: int

    @property
    def difference(self) -> float | None:
        """Of the rates; None without a case."""
        return (self.wins - self.losses) / self.n if self.n else None

    @property
    def p(self) -> float:
        """How likely a difference like this, or a greater one, is where there is none."""
        return mcnemar(self.wins, self.losses)


def compare(ours: Mapping[str, bool], theirs: Mapping[str, bool]) -> Paired:
    """By the ids of cases: whether each was met."""
    both = ours.keys() & theirs.keys()
    wins = sum(ours[case] and not theirs[case] for case in both)
    return Paired(len(both), wins, sum(theirs[case] and not ours[case] for case in both))


def mcnemar(wins: int, losses: int) -> float:
    """The exact test (two-sided binomial) on the cases that only one side met."""
    n = wins + losses
    tail = sum(math.comb(n, k) for k in range(min(wins, losses) + 1))
    return min(1.0, tail / 2 ** max(n - 1, 0))
