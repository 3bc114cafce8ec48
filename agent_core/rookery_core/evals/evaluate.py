"""Runs the cases that are not known yet, a few at a time where that is wanted, and keeps what came of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rookery_core.evals.outcome import Outcome
from rookery_core.evals.play import Stage
from rookery_core.evals.results import Results
from rookery_core.evals.score import Verdicts
from rookery_core.evals.suites import CaseRun


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished case."""

    case: CaseRun
    outcome: Outcome
    verdicts: Verdicts


def known(cases: Sequence[CaseRun], results: Results) -> list[Entry]:
    """The cases that were finished before, judged as they would be now."""
    return [entry(case, outcome) for case in cases if (outcome := results.get(case.key)) is not None]


def entry(case: CaseRun, outcome: Outcome) -> Entry:
    """The case with its verdicts."""
    return Entry(case, outcome, case.judge(outcome))


async def evaluate(
    cases: Sequence[CaseRun], stage: Stage, results: Results, finished: Callable[[Entry], None], parallel: int = 1
) -> None:
    """Run every case that is not known, in their order, and tell each as it is finished.

    An outcome is kept before it is told, but not one that came of the model's process ending by itself: the next case
    begins with another process, and where there can be none, that is raised. Cancelling it loses only the cases under
    way. Raises RookeryError.
    """
    waiting = iter([case for case in cases if results.get(case.key) is None])
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(parallel):
                group.create_task(_work(waiting, stage, results, finished))
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from several


async def _work(waiting: Iterator[CaseRun], stage: Stage, results: Results, finished: Callable[[Entry], None]) -> None:
    for case in waiting:
        await stage.model.open()
        outcome = await case.play(stage)
        if not outcome.lost:
            results.add(case.key, outcome)
        finished(entry(case, outcome))
