"""The suites: how each one's cases are found, run and judged. Another one is another row here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from rookery_core.errors import ConfigError
from rookery_core.evals import bfcl, bfcl_package
from rookery_core.evals.cases import Case, DecisionCase, FaithfulCase, TaskCase, read, shipped, spread
from rookery_core.evals.outcome import Outcome
from rookery_core.evals.play import Stage, decide, work
from rookery_core.evals.score import Verdicts, judge_decision, judge_faithful, judge_task

C = TypeVar("C", bound=Case)


@dataclass(frozen=True, slots=True)
class Suite(Generic[C]):
    """Cases of one kind."""

    name: str
    load: Callable[[Path | None], list[C]]
    """The cases of a file; None: those that come with the program. Raises ConfigError."""
    rates: tuple[str, ...]
    """What the judge's verdicts are called, in the order in which they are shown."""
    play: Callable[[C, Stage], Awaitable[Outcome]]
    judge: Callable[[C, Outcome], Verdicts]

    def runs(self, file: Path | None, limit: int | None, groups: Collection[str] = ()) -> list[CaseRun]:
        """The cases of a file, or those that come with the program, ready to be run; `groups`: only these groups'.

        Raises ConfigError.
        """
        return [self._run(case) for case in spread(_of_groups(self.load(file), groups), limit)]

    def _run(self, case: C) -> CaseRun:
        return CaseRun(
            id=case.id,
            group=case.group,
            key=case.key,
            expected=case.model_dump(mode="json", include={"expect"}, exclude_unset=True)["expect"],
            play=partial(self.play, case),
            judge=partial(self.judge, case),
        )


@dataclass(frozen=True, slots=True)
class CaseRun:
    """A case with all that its suite does with it."""

    id: str
    group: str
    key: str
    expected: Mapping[str, Any]
    play: Callable[[Stage], Awaitable[Outcome]]
    judge: Callable[[Outcome], Verdicts]


def _lines(name: str, kind: type[C]) -> Callable[[Path | None], list[C]]:
    return lambda file: read(file or shipped(name), kind)


DECISIONS = Suite(
    "decisions", _lines("decisions", DecisionCase), ("tool", "arguments", "no_call", "asked"), decide, judge_decision
)
TASKS = Suite("tasks", _lines("tasks", TaskCase), ("solved",), work, judge_task)
FAITHFUL = Suite("faithful", _lines("faithful", FaithfulCase), ("faithful",), decide, judge_faithful)

SUITES: Mapping[str, Suite[Any]] = {suite.name: suite for suite in (DECISIONS, TASKS, FAITHFUL)}
"""Those that need nothing else."""
BFCL = "bfcl"
NAMES = (*SUITES, BFCL)


@contextmanager
def opened(name: str, folder: Path, say: Callable[[str], None]) -> Iterator[Suite[Any]]:
    """The suite of that name with what it needs, which is kept in the folder and told of when it is fetched.

    Raises ConfigError.
    """
    if name == BFCL:
        package = bfcl_package.installed(folder / "bfcl-env", say)
        with bfcl_package.checker(package) as check:
            yield _bfcl(package.data, check)
    elif name in SUITES:
        yield SUITES[name]
    else:
        raise ConfigError(f"{name} is no suite; there are: {', '.join(NAMES)}")


def _bfcl(data: Path, check: bfcl.Check) -> Suite[bfcl.BfclCase]:
    def load(file: Path | None) -> list[bfcl.BfclCase]:
        if file is not None:
            raise ConfigError(f"{BFCL} has cases of its own; --cases is for the other suites")
        return bfcl.cases(data)

    def judge(case: bfcl.BfclCase, outcome: Outcome) -> Verdicts:
        return bfcl.judge(case, outcome, check)

    return Suite(BFCL, load, ("tool", "arguments", "no_call"), decide, judge)


def _of_groups(cases: list[C], groups: Collection[str]) -> list[C]:
    there = sorted({case.group for case in cases if case.group})
    for name in groups:
        if name not in there:
            raise ConfigError(f"there is no group {name!r} among the cases; there are: {', '.join(there) or 'none'}")
    return [case for case in cases if case.group in groups] if groups else cases
