"""What of the events belongs to the conversation, as plain view-models: who said what, and what is going on.

Pure, and the counterpart of `presenter`, which has the trace. Everything that leaves here has been through `visible`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rookery_core.assistant import Assistant
from rookery_core.errors import ToolFailed
from rookery_core.events import (
    Answered,
    ApprovalRequested,
    Event,
    Generated,
    Mode,
    ModelLoading,
    ModelLost,
    ModelReady,
    PromptBuilt,
    PromptRead,
    QuestionAnswered,
    QuestionAsked,
    StepFailed,
    TokenDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.observe.tool_use import ToolUse, tool_use
from rookery_core.store.sessions import SessionLog, SessionSummary
from rookery_core.text import cut_middle, one_line, visible
from rookery_tui.presenter import MODES, TITLE_WIDTH, Tone, channels, ending

RESULT_CHARS = 20_000
"""Of a kept result that a person wants to see."""

Role = Literal["person", "answer", "partial", "notice"]


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of the conversation."""

    role: Role
    """`partial`: an answer that was stopped half-way."""
    text: str
    """Markdown for an answer, plain text for everything else."""
    tone: Tone = "plain"


def said(event: Event) -> Said | None:
    """The entry of the conversation that an event makes; None for those that belong to the trace alone."""
    match event:
        case TurnStarted(text=text):
            return Said("person", visible(text))
        case Answered(text=text):
            return Said("answer", visible(text))
        case Generated(stop="interrupted" | "failed"):
            text = channels(event).get("answer", "").strip()
            return Said("partial", visible(text)) if text else None
        case TurnEnded(status=status) if status is not TurnStatus.ANSWERED:
            quiet = status in (TurnStatus.INTERRUPTED, TurnStatus.GAVE_UP, TurnStatus.PAUSED)
            return Said("notice", ending(event), "quiet" if quiet else "bad")
        case _:
            return None


def activity(event: Event) -> str | None:
    """What is going on from this event until the next that says so, in a few words; None when it changes nothing."""
    match event:
        case ModelLoading(fraction=fraction):
            return f"loading the model {100 * fraction:.0f} %"
        case TurnStarted() | ToolFinished() | StepFailed():
            return "thinking"
        case PromptBuilt(n_tokens=n_tokens):
            return f"reading {n_tokens} tokens"
        case PromptRead(done=done, total=total):
            return f"reading {done} of {total} tokens"
        case TokenDelta(channel=channel):
            return {"thought": "thinking", "action": "choosing a tool", "answer": "answering"}[channel]
        case ApprovalRequested(tool=tool) | QuestionAsked(tool=tool):
            return one_line(f"waiting for you: {tool}", 40)
        case ToolStarted(tool=tool):
            return one_line(f"running {tool}", 40)
        case QuestionAnswered():
            return "going on"
        case ToolProgress(text=text):
            return one_line(text, 40)
        case ModelReady() | ModelLost() | TurnEnded():
            return ""
        case _:
            return None


def modes(current: Mode, wanted: str = "") -> str:
    """The permission modes, one a line, and which one it is; `wanted` is what was asked for and is none."""
    width = max(map(len, MODES))
    lines = [f"{'*' if mode is current else ' '} {mode:<{width}}  {about}" for mode, about in MODES.items()]
    unknown = [f"{one_line(wanted, 60)} is no permission mode."] if wanted else []
    return visible("\n".join([*unknown, *lines, "/mode NAME goes on in another."]))


def mode_named(name: str) -> Mode | None:
    """The mode that is meant; None where there is none of that name."""
    return next((mode for mode in Mode if name.strip().lower() == mode), None)


def models(known: Mapping[str, bool], in_use: str) -> str:
    """The models there are, one a line: which one is in use, and which are loaded (the value of each name)."""
    lines = [
        f"{'*' if name == in_use else ' '} {one_line(name, 60)}{'  (loaded)' if loaded else ''}"
        for name, loaded in known.items()
    ]
    return visible("\n".join([*lines, "/model NAME goes on with another."]))


async def tools(assistant: Assistant, events: Sequence[Event]) -> str:
    """The tools there are: risk, where from, tokens in the prompt, and calls and failures in these events."""
    offered, servers = list(assistant.tools.registry), assistant.servers
    missing = [f"{said.plugin}: {said.reason}" for said in (*servers.waiting(), *servers.failed(), *assistant.unused)]
    if not offered:
        return visible("\n".join(["No tools are offered.", *missing]))
    costs, used = await assistant.tool_costs(), tool_use(events)
    width = max(len(each.name) for each in offered)
    lines = []
    for each in offered:
        use = used.get(each.name) or used.get(each.full_name) or ToolUse()
        called = f"{use.calls} called" + (f", {use.failures} failed" if use.failures else "") if use.calls else ""
        cost = f"{costs[each.name]} tokens" if each.name in costs else ""
        about = " · ".join(filter(None, (each.tool.risk, f"{each.plugin} ({each.distribution})", cost, called)))
        lines.append(f"{each.name:<{width}}  {about}")
        lines.append(f"{'':<{width}}  {one_line(each.tool.description, 80)}")
    return visible("\n".join([*lines, *missing]))


def results(assistant: Assistant, session: SessionLog, wanted: str) -> str:
    """The results that were too long for the model and are kept whole; the text of one where it is named."""
    kept = {event.artifact: event for event in session.events if isinstance(event, ToolFinished) and event.artifact}
    if not wanted:
        lines = [
            f"{ref:>4}  {event.tool}, turn {event.turn}, {event.dropped_chars} characters not shown to the model"
            for ref, event in kept.items()
        ]
        return (
            visible("\n".join([*lines, "/result NUMBER shows one."])) if lines else "No result was cut in this session."
        )
    try:
        text = assistant.tools.lender.artifacts(session.id, "").get(wanted.removeprefix("#"))
    except ToolFailed as exc:
        return visible(f"{exc}; /result lists those there are.")
    return visible(cut_middle(text, RESULT_CHARS)[0])


def model_kept(reason: str, in_use: str) -> str:
    """That another model could not be had."""
    return f"{reason}\n{one_line(in_use, 60)} stays the model."


def welcome(model: str, workspace: str, n_tools: int) -> str:
    """What an empty session begins with: what this is, what it works with, the keys that lead to everything else."""
    tools = {0: "none", 1: "1, /tools shows it"}.get(n_tools, f"{n_tools}, /tools lists them")
    return visible(
        "Rookery, a chat assistant on your own machine.\n"
        f"model      {one_line(model, 60)}\n"
        f"workspace  {one_line(workspace, 200)}\n"
        f"tools      {tools}\n"
        "Enter sends · F1 help · Ctrl+T trace"
    )


def session_line(summary: SessionSummary, now: float) -> tuple[str, str]:
    """A session's title, and when it was used and how long it is."""
    title = one_line(summary.title, TITLE_WIDTH) or "(untitled)"
    return title, f"{when(summary.updated_at, now)} · {turns_text(summary.turns)}"


def turns_text(n: int) -> str:
    """So many turns, in words."""
    return "1 turn" if n == 1 else f"{n} turns"


def when(at: float, now: float) -> str:
    """A moment, as precisely as its age makes useful."""
    then, today = time.localtime(at), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("today %H:%M", then)
    if then.tm_year == today.tm_year:
        return time.strftime("%d %b %H:%M", then)
    return time.strftime("%d %b %Y", then)
