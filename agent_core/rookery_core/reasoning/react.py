"""ReAct (Yao et al., 2022): think, act, observe, until there is an answer or the budget is spent."""

from __future__ import annotations

from rookery_core.errors import RookeryError, StepCut, StepUnparsable
from rookery_core.events import StepFailed, StepStarted, ThoughtFormed, ToolFinished, ToolStatus
from rookery_core.reasoning.base import Outcome, Task
from rookery_core.reasoning.repetition import STUCK_AT
from rookery_core.reasoning.step import Answer, Step, ToolCall, parse
from rookery_core.run import Run

CUT = "\n\n[The answer was cut at the token limit; ask to go on.]"


async def react(task: Task, run: Run) -> Outcome:
    """Think, act, observe until the model answers, is stuck on one call, or the budget ends."""
    observations: list[ToolFinished] = []
    for n in run.budget.steps_left():
        run.emit(StepStarted(n=n))
        try:
            step = await _step(run)
        except RookeryError as exc:
            await run.recover(exc)
            continue
        run.recovered()
        run.emit(ThoughtFormed(text=step.thought))
        match step.action:
            case Answer(text=text):
                return Outcome.answered(text)
            case ToolCall() as call:
                observation = await run.call(call)
                observations.append(observation)
                if run.repetition.times(call) >= STUCK_AT:
                    return await _conclude(run, observations, f"it asked for the same {call.tool} call {STUCK_AT} times")
    return await _conclude(run, observations, f"{run.budget.spent()} is reached")


async def _step(run: Run, *, may_act: bool = True) -> Step:
    completion = await run.complete(may_act=may_act)
    try:
        step = parse(completion.text)
    except StepUnparsable:
        if completion.stop == "length":
            raise StepCut("Your step was too long and was cut. Write a shorter one.") from None
        raise
    match step.action:
        case Answer(text=text) if completion.stop == "length":
            return Step(step.thought, Answer(text + CUT))
        case _:
            return step


async def _conclude(run: Run, observations: list[ToolFinished], reason: str) -> Outcome:
    """An honest ending: the model's own summary while something is left to spend, else the observations themselves."""
    if run.budget.tokens_left > 0 and run.budget.seconds_left > 0:
        run.emit(
            StepFailed(
                failure="budget",
                message="You must stop now. Answer with what the observations show, and say what is still missing.",
            )
        )
        run.emit(StepStarted(n=run.budget.steps + 1))
        try:
            step = await _step(run, may_act=False)
        except RookeryError:
            pass  # the observations below are the answer then
        else:
            run.emit(ThoughtFormed(text=step.thought))
            if isinstance(step.action, Answer):
                return Outcome.gave_up(step.action.text, reason)
    found = [f"- {o.tool}: {o.output}" for o in observations if o.status is ToolStatus.OK]
    text = "Found so far:\n\n" + "\n".join(found) if found else "Nothing was found so far."
    return Outcome.gave_up(f"I stopped before there was an answer, because {reason}. {text}", reason)
