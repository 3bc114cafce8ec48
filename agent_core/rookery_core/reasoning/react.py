"""ReAct (Yao et al., 2022): think, act, observe, until there is an answer or the budget is spent."""

from __future__ import annotations

from rookery_core.errors import ModelError, RookeryError, StepCut, StepError, StepUnparsable
from rookery_core.events import StepFailed, StepStarted, ThoughtFormed, ToolFinished, ToolStatus
from rookery_core.reasoning.base import Outcome, Task
from rookery_core.reasoning.step import Answer, Step, ToolCall, parse
from rookery_core.run import Run
from rookery_core.text import one_line

CUT = {
    "length": (
        "\n\n[The answer was cut at the token limit; ask to go on.]",
        "was too long and was cut. Write a shorter one.",
    ),
    "loop": (
        "\n\n[The answer was cut because it repeated itself.]",
        "repeated itself and was cut. Write it differently.",
    ),
}
"""For a step that did not end by itself: what an answer gets, and what the model is told of anything else."""


async def react(task: Task, run: Run) -> Outcome:
    """Think, act, observe until the model answers or the budget ends; once calls lead nowhere it has to answer."""
    observations: list[ToolFinished] = []
    may_act = True
    for n in run.budget.steps_left():
        run.emit(StepStarted(n=n))
        try:
            step = await _step(run, may_act=may_act)
        except RookeryError as exc:
            await run.recover(exc)
            continue
        run.worked()
        _tell_thought(run, step)
        match step.action:
            case Answer(text=text):
                return Outcome.answered(text)
            case ToolCall() as call:
                observations.append(await run.call(call))
                may_act = observations[-1].status is not ToolStatus.REPEATED and run.may_mend
    return await _conclude(run, observations, f"{run.budget.spent()} is reached")


async def _step(run: Run, *, may_act: bool) -> Step:
    completion = await run.complete(may_act=may_act)
    try:
        step = parse(completion.text)
    except StepUnparsable:
        if completion.stop in CUT:
            raise StepCut(f"Your step {CUT[completion.stop][1]}") from None
        raise
    if may_act and completion.stop not in CUT:
        step = run.meant(step)
    match step.action:
        case Answer(text=text) if completion.stop in CUT:
            return Step(step.thought, Answer(text + CUT[completion.stop][0]))
        case Answer(text=text) if may_act:
            run.check(text)
        case ToolCall() as call:
            run.question(call)
    return step


def _tell_thought(run: Run, step: Step) -> None:
    if step.thought:  # there is none in a model's own form
        run.emit(ThoughtFormed(text=step.thought))


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
        except (ModelError, StepError):
            pass  # the observations below are the answer then
        else:
            _tell_thought(run, step)
            if isinstance(step.action, Answer):
                return Outcome.gave_up(f"{step.action.text}\n\n{_found(observations)}", reason)
    return Outcome.gave_up(f"I stopped before there was an answer, because {reason}. {_found(observations)}", reason)


def _found(observations: list[ToolFinished]) -> str:
    """What the tools really returned, so that a hurried summary can be checked against it."""
    lines = [f"- {o.tool}: {one_line(o.output, 200)}" for o in observations if o.status is ToolStatus.OK]
    return "Found so far:\n\n" + "\n".join(lines) if lines else "Nothing was found so far."
