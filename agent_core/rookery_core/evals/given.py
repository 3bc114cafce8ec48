"""A case's conversation as a way of thinking: it says what is written there, and leaves the last turn to another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence

from rookery_core.approval.taint import OWN
from rookery_core.evals.conversation import Call, Turn
from rookery_core.evals.outcome import GIVEN
from rookery_core.events import Event, Generated, StepStarted, ThoughtFormed, ToolFinished, ToolRequested, ToolStatus
from rookery_core.reasoning.base import Outcome, Strategy, Task
from rookery_core.reasoning.gist import fits
from rookery_core.reasoning.step import ACTION, ANSWER, INPUT, THOUGHT, ToolCall
from rookery_core.run import Run
from rookery_core.usage import Usage

WITH_A_RESULT = "The observation has the result."
WITHOUT = "No tool is needed."
"""What the assistant is taken to have thought where a case does not say it: what the default model would have."""


def as_written(turns: Sequence[Turn], strategy: Strategy, tools: Mapping[str, str]) -> Strategy:
    """What an assistant has to think with that is to carry out these turns, one after the other; `tools`: descriptions.

    Their calls were made and have their results; the last turn goes on from there with the strategy.
    """
    waiting = iter(turns)

    async def go_on(task: Task, run: Run) -> Outcome:
        turn = next(waiting)
        steps = run.budget.steps_left()
        for (call, result), n in zip(turn.steps, steps, strict=False):
            thought = call.thought or fits(call.tool, tools.get(call.tool, ""))
            _tell(run, _call(n, call, result, thought))
            run.repetition.ask(ToolCall(call.tool, call.arguments))
        if turn is turns[-1]:
            return await strategy(task, run)
        if turn.answer is None:
            raise asyncio.CancelledError  # nothing was said, so it was stopped
        thought = turn.answer.thought or (WITH_A_RESULT if turn.steps else WITHOUT)
        _tell(run, _written(next(steps, 0), thought, ANSWER + turn.answer.content))
        return Outcome.answered(turn.answer.content)

    return go_on


def _tell(run: Run, events: Iterator[Event]) -> None:
    for event in events:
        run.emit(event)


def _call(n: int, call: Call, result: str, thought: str) -> Iterator[Event]:
    call_id = f"{GIVEN}{n}"
    yield from _written(n, thought, f"{ACTION}{call.tool}\n{INPUT}{json.dumps(call.arguments, ensure_ascii=False)}")
    yield ToolRequested(call_id=call_id, tool=call.tool, arguments=call.arguments)
    yield ToolFinished(call_id=call_id, tool=call.tool, status=ToolStatus.OK, output=result, label=OWN)


def _written(n: int, thought: str, rest: str) -> Iterator[Event]:
    yield StepStarted(n=n)
    yield Generated(text=f"{THOUGHT}{thought}\n{rest}", stop="end", seed=0, usage=Usage())
    yield ThoughtFormed(text=thought)
