"""Slash commands that look back on the session: what was done, the last message once more, a summary for a colleague.

A session is a tuple of events, and all that is said here is read from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rookery_core.plugin import Command, CommandContext, Event, Send, ToolStatus, hookimpl

rookery_contract = 1

MAIN = ("path", "file", "folder", "command", "query", "url", "text")
"""Arguments that say best what a call was about; of others, the first."""
ARGUMENT_CHARS = 48
RESULT_CHARS = 72


@dataclass(slots=True)
class Call:
    """What is known of one tool call, as far as it got."""

    tool: str
    """As the model called it."""
    arguments: Mapping[str, Any]
    risk: str = ""
    status: str = ""
    output: str = ""
    why: str = ""
    """The reason of the plugin or the person who decided about it."""


@dataclass(slots=True)
class Session:
    """What the events of a session come to."""

    asked: list[str] = field(default_factory=list)
    """What the person said, in order."""
    answers: int = 0
    seconds: float = 0.0
    calls: dict[str, Call] = field(default_factory=dict)


def told(events: Iterable[Event]) -> Session:
    """Read the events, in order; kinds that say nothing here, and ones that are new to this, are passed over."""
    session = Session()
    for event in events:
        said = event.model_dump()
        match event.kind:
            case "turn_started":
                session.asked.append(said["text"])
            case "answered":
                session.answers += 1
            case "turn_ended":
                session.seconds += said["seconds"]
            case "tool_requested":
                session.calls[said["call_id"]] = Call(said["tool"], said["arguments"])
            case "approval_requested" | "tool_started":
                call = session.calls[said["call_id"]]
                call.arguments, call.risk = said["arguments"], said["risk"]  # as they are passed to the tool
            case "call_ruled" | "approval_resolved":
                session.calls[said["call_id"]].why = said["reason"]
            case "tool_finished":
                call = session.calls[said["call_id"]]
                call.status, call.output = said["status"], said["output"]
    return session


def recap(ctx: CommandContext, rest: str) -> str:
    """What was done in this session."""
    session = told(ctx.events)
    if not session.asked:
        return "Nothing has been said in this session yet."
    calls = list(session.calls.values())
    counts = (_count(len(session.asked), "turn"), _count(session.answers, "answer"), _count(len(calls), "call"))
    lines = [f"{', '.join(counts)}, {session.seconds:.0f} s"]
    times = Counter((call.tool, _main(call, ctx.workspace)) for call in calls)
    lines += _section("Called", [(tool, what, f"{n} times" if n > 1 else "") for (tool, what), n in times.items()])
    done = [call for call in calls if call.status == ToolStatus.OK]
    lines += _section("Written", [(name,) for name in dict.fromkeys(_written(done, ctx.workspace))])
    wrong = [call for call in calls if call.status not in ("", ToolStatus.OK)]
    lines += _section("Came to nothing", [(call.tool, call.status, _reason(call)) for call in wrong])
    return "\n".join(lines)


def again(ctx: CommandContext, rest: str) -> str | Send:
    """The last message once more; what is typed after the command is added to it."""
    asked = told(ctx.events).asked
    if not asked:
        return "There is no message to send again yet."
    return Send(f"{asked[-1]}\n\n{rest}" if rest.strip() else asked[-1])


def handoff(ctx: CommandContext, rest: str) -> str | Send:
    """Asks for a summary that someone else can go on from."""
    if not told(ctx.events).asked:
        return "There is nothing to hand off yet."
    return Send(
        f"Sum up this session for {rest.strip() or 'a colleague'} who takes over: what was asked, what was done, which "
        "files were changed, and what is left to do. At most eight short lines, and only what happened here."
    )


@hookimpl
def rookery_commands() -> list[Command]:
    return [
        Command("recap", "what was done in this session", recap),
        Command("again", "send the last message once more", again),
        Command("handoff", "have the session summed up for a colleague", handoff),
    ]


# -- how it looks ----------------------------------------------------------------------------------------------------


def _section(title: str, rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return ["", title, *(f"  {line}".rstrip() for line in padded)] if rows else []


def _main(call: Call, workspace: Path) -> str:
    """The argument that says what a call was about; "" where it has none."""
    names = [name for name in MAIN if name in call.arguments] or list(call.arguments)
    if not names:
        return ""
    value = str(call.arguments[names[0]])
    return _line(_inside(value, workspace) or value, ARGUMENT_CHARS)


def _reason(call: Call) -> str:
    return _line(call.why if call.status == ToolStatus.DENIED and call.why else call.output, RESULT_CHARS)


def _written(calls: Iterable[Call], workspace: Path) -> Iterable[str]:
    """The files that writing calls named: a path inside the workspace comes to a tool as a whole one."""
    for call in calls:
        if call.risk == "write":
            yield from (name for value in call.arguments.values() if (name := _inside(value, workspace)))


def _inside(value: object, workspace: Path) -> str:
    """How a whole path inside the workspace is called from there; "" for all else."""
    if not isinstance(value, str) or "\n" in value or not Path(value).is_absolute():
        return ""
    return Path(value).relative_to(workspace).as_posix() if Path(value).is_relative_to(workspace) else ""


def _line(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
