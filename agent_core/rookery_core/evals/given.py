"""A case's conversation as a session would hold it: events of the turns that are over, and a turn that is under way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from rookery_core.evals.cases import Call, Reply, Turn
from rookery_core.evals.outcome import GIVEN
from rookery_core.events import (
    Answered,
    Event,
    Generated,
    StepStarted,
    ThoughtFormed,
    ToolFinished,
    ToolRequested,
    ToolStatus,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.reasoning.base import Outcome, Strategy, Task
from rookery_core.reasoning.step import ACTION, ANSWER, INPUT, THOUGHT, ToolCall
from rookery_core.run import Run
from rookery_core.store.sessions import SessionLog
from rookery_core.usage import Usage

WITH_A_RESULT = "The observation has the result."
WITHOUT = "I can answer this."
"""Neutral thoughts, where a case has none."""


def tell_earlier(session: SessionLog, turns: Sequence[Turn], *, workspace: str, at: float) -> None:
    """Let turns have happened in a session. Raises StoreError."""
    for n, turn in enumerate(turns, session.turns + 1):
        for event in _earlier(turn, workspace):
            session.append(event.model_copy(update={"turn": n, "at": at}))


def under_way(steps: Sequence[tuple[Call, str]], strategy: Strategy) -> Strategy:
    """The strategy, going on in a turn in which these steps were taken before."""

    async def go_on(task: Task, run: Run) -> Outcome:
        for (call, result), n in zip(steps, run.budget.steps_left(), strict=False):
            for event in _step(n, call, result):
                run.emit(event)
            run.repetition.ask(ToolCall(call.tool, call.arguments))
        return await strategy(task, run)

    return go_on


def _earlier(turn: Turn, workspace: str) -> Iterator[Event]:
    yield TurnStarted(text=turn.asked, strategy="", workspace=workspace)
    for n, (call, result) in enumerate(turn.steps, 1):
        yield from _step(n, call, result)
    status = TurnStatus.INTERRUPTED
    if turn.answer is not None:
        status = TurnStatus.ANSWERED
        yield from _answer(len(turn.steps) + 1, turn.answer, WITH_A_RESULT if turn.steps else WITHOUT)
    yield TurnEnded(status=status, steps=len(turn.steps) + bool(turn.answer), usage=Usage(), seconds=0.0)


def _step(n: int, call: Call, result: str) -> Iterator[Event]:
    thought = call.thought or f"I will use {call.tool}."
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    call_id = f"{GIVEN}{n}"
    yield StepStarted(n=n)
    yield _generated(f"{THOUGHT}{thought}\n{ACTION}{call.tool}\n{INPUT}{arguments}")
    yield ThoughtFormed(text=thought)
    yield ToolRequested(call_id=call_id, tool=call.tool, arguments=call.arguments)
    yield ToolFinished(call_id=call_id, tool=call.tool, status=ToolStatus.OK, output=result)


def _answer(n: int, reply: Reply, neutral: str) -> Iterator[Event]:
    thought = reply.thought or neutral
    yield StepStarted(n=n)
    yield _generated(f"{THOUGHT}{thought}\n{ANSWER}{reply.content}")
    yield ThoughtFormed(text=thought)
    yield Answered(text=reply.content)


def _generated(text: str) -> Generated:
    return Generated(text=text, stop="end", seed=0, usage=Usage())
