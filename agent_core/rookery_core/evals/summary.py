"""Finished cases as numbers: rates by group with their intervals, seconds, tokens, and everything as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from rookery_core.evals.evaluate import Entry
from rookery_core.evals.outcome import Outcome
from rookery_core.evals.statistics import quantile, wilson
from rookery_core.usage import Usage


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of the cases that a rate is about met it."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """From 0 to 1; None where there was no such case."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the rate lies, with 95 % (Wilson)."""
        return wilson(self.hits, self.n)


@dataclass(frozen=True, slots=True)
class Tally:
    """Some cases, counted."""

    n: int
    rates: Mapping[str, Rate]

    def as_json(self) -> dict[str, Any]:
        """The rates by name, then what is known of them beside."""
        return {
            "n": self.n,
            **{name: rate.value for name, rate in self.rates.items()},
            "counts": {name: [rate.hits, rate.n] for name, rate in self.rates.items()},
            "intervals": {name: rate.interval for name, rate in self.rates.items()},
        }


def tally(entries: Iterable[Entry], rates: Sequence[str]) -> Tally:
    """Count some cases."""
    verdicts = [entry.verdicts for entry in entries]
    judged = {name: [each[name] for each in verdicts if name in each] for name in rates}
    return Tally(len(verdicts), {name: Rate(sum(found), len(found)) for name, found in judged.items()})


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a run."""

    total: Tally
    groups: Mapping[str, Tally]
    """By name; cases without a group are in none."""
    decision_s: tuple[float, float] | None
    """Median and 90th percentile of the seconds to the first decision; None where none was timed."""
    timed: int
    """Cases that these are of."""
    usage: Usage
    """Of all turns together."""


def summarize(entries: Sequence[Entry], rates: Sequence[str]) -> Summary:
    """Count all of them, and each group by itself."""
    groups = sorted({entry.case.group for entry in entries if entry.case.group})
    seconds = [each.outcome.decision_s for each in entries if each.outcome.decision_s is not None]
    median, late = quantile(seconds, 0.5), quantile(seconds, 0.9)
    return Summary(
        total=tally(entries, rates),
        groups={name: tally([entry for entry in entries if entry.case.group == name], rates) for name in groups},
        decision_s=None if median is None or late is None else (median, late),
        timed=len(seconds),
        usage=sum((entry.outcome.usage for entry in entries), Usage()),
    )


def as_json(entries: Sequence[Entry], rates: Sequence[str]) -> dict[str, Any]:
    """The summary and every case."""
    made = summarize(entries, rates)
    return {
        **made.total.as_json(),
        "decision_s": made.decision_s and {"median": made.decision_s[0], "p90": made.decision_s[1], "n": made.timed},
        "usage": _usage(made.usage),
        "groups": {name: group.as_json() for name, group in made.groups.items()},
        "cases": [_case(entry) for entry in entries],
    }


def _case(entry: Entry) -> dict[str, Any]:
    outcome, call = entry.outcome, entry.outcome.call
    return {
        "id": entry.case.id,
        "group": entry.case.group,
        "expected": entry.case.expected,
        "tool": call.tool if call else None,
        "arguments": call.arguments if call else None,
        "answer": outcome.answer,
        "verdicts": entry.verdicts,
        "ended": outcome.ended,
        "reason": outcome.reason,
        "calls": [made.model_dump(mode="json") for made in outcome.calls],
        **_files(entry.case.expected, outcome),
        "offered": list(outcome.offered),
        "left_out": list(outcome.left_out),
        "steps": outcome.steps,
        "seconds": outcome.seconds,
        "decision_s": outcome.decision_s,
        "usage": _usage(outcome.usage),
    }


def _files(expected: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    """The files that something is expected of, as they were in the end."""
    if "files" not in expected:
        return {}
    paths = {name: PurePosixPath(name).as_posix() for name in expected["files"]}
    return {"files": {name: outcome.files[path] for name, path in paths.items() if path in outcome.files}}


def _usage(usage: Usage) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(usage).items()}
