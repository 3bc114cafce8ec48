"""A plugin with every hook: a test installs it with pip and looks at what each does in the real program."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rookery_core.plugin import (
    Allow,
    Append,
    Command,
    CommandContext,
    Completion,
    Delta,
    Deny,
    Event,
    Message,
    ModelBackend,
    ModelInfo,
    NeedsApproval,
    Outcome,
    Rewrite,
    Risk,
    RiskRule,
    Run,
    Sampling,
    Send,
    Strategy,
    Task,
    Tool,
    ToolContext,
    ToolOutcome,
    ToolUse,
    TurnPaused,
    Usage,
    hookimpl,
    tool,
)

rookery_contract = 1


class Counter:
    """Tools that share a number."""

    def __init__(self) -> None:
        self.n = 0

    @tool(risk=Risk.PURE)
    def count_up(self, by: int) -> int:
        """Adds to the counter."""
        self.n += by
        return self.n

    @tool(risk=Risk.READ)
    def visits(self, ctx: ToolContext) -> str:
        """Counts the calls of all sessions."""
        n = ctx.data.get("visits", 0) + 1
        ctx.data.set("visits", n)
        return f"visit {n}, {ctx.person.confirm('Is that all?')}"

    @tool(risk=Risk.PURE)
    def wipe(self, ctx: ToolContext) -> str:
        """Sets the counter to zero."""
        if self.n and not ctx.approved:
            raise NeedsApproval(f"{self.n} would be lost")
        self.n = 0
        return "wiped"

    @tool(risk=Risk.PURE)
    def wait_for_rain(self) -> str:
        """Waits for rain."""
        raise TurnPaused("it does not rain yet")


class Parrot:
    """A model that says what a JSON file lists, in order; `{system}` stands for the system message."""

    def __init__(self, rest: str) -> None:
        self.name = f"parrot:{rest}"
        self.info: ModelInfo | None = None
        self._lines: list[str] = json.loads(Path(rest).read_text())

    def take_loss(self) -> None:
        return None

    async def open(self, progress: Callable[[float], None] | None = None) -> ModelInfo:
        if progress is not None:
            progress(1.0)
        self.info = ModelInfo(self.name, "", 8192, 8192, "parrot", 0.0)
        return self.info

    async def count(self, messages: Sequence[Message]) -> int:
        return sum(len(message.content.split()) for message in messages)

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, grammar: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        text = self._lines.pop(0).replace("{system}", messages[0].content)
        yield Delta(text)
        yield Completion(text, "end", Usage(completion_tokens=len(text.split())))

    async def close(self) -> None:
        self.info = None


async def blurt(task: Task, run: Run) -> Outcome:
    """Answers with whatever the model says first."""
    return Outcome.answered((await run.complete()).text)


def count(ctx: CommandContext, rest: str) -> str | Send:
    """How many events there are; with a text, that text for the assistant."""
    return Send(rest) if rest else f"{len(ctx.events)} events in {ctx.workspace.name}"


def log(event: Event) -> None:
    """Writes the kinds of events to a file."""
    if path := os.environ.get("EVERYTHING_LOG"):
        with Path(path).open("a") as file:
            file.write(f"{event.kind}\n")


@hookimpl
def rookery_tools() -> Iterable[Tool | object]:
    return [Counter]


@hookimpl
def rookery_prompt_sections() -> Iterable[str]:
    return ["The password of the day is heron."]


@hookimpl
def rookery_risk_rules() -> Iterable[RiskRule]:
    return [RiskRule("everything.count_up", Risk.WRITE, {"by": r"^\d{3,}$"}, "that is a large step")]


@hookimpl
def rookery_before_tool(use: ToolUse) -> Allow | Deny | Rewrite | None:
    match use.arguments.get("by"):
        case 13:
            return Deny("13 is unlucky")
        case 7:
            return Rewrite({"by": 8}, "7 is taken")
        case 500:
            return Allow("500 is agreed")
    return None


@hookimpl
def rookery_after_tool(outcome: ToolOutcome) -> Append | None:
    return Append("(counted)") if outcome.status == "ok" else None


@hookimpl
def rookery_strategies() -> Mapping[str, Strategy]:
    return {"blurt": blurt}


@hookimpl
def rookery_model_backends() -> Mapping[str, Callable[[str], ModelBackend]]:
    return {"parrot": Parrot}


@hookimpl
def rookery_event_sinks() -> Iterable[Callable[[Event], Any]]:
    return [log]


@hookimpl
def rookery_commands() -> Iterable[Command]:
    return [Command("count", "count the events, or pass a text on", count)]
