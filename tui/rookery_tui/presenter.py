"""What each event looks like, as plain view-models: pure, and the same for every front end.

Everything that leaves here has been through `visible`: no control or hidden character, and never markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rookery_core.events import (
    ApprovalRequested,
    ApprovalResolved,
    CallRuled,
    ContextCompacted,
    Decision,
    Event,
    Generated,
    InputPerceived,
    MemoryRecalled,
    Mode,
    ModeChanged,
    ModelLost,
    ModelReady,
    PluginFailed,
    QuestionAnswered,
    QuestionAsked,
    Recovered,
    ResultRead,
    RulesBroken,
    StepFailed,
    ThoughtFormed,
    ToolFinished,
    ToolRequested,
    ToolStatus,
    TurnEnded,
    TurnStatus,
)
from rookery_core.reasoning.step import StepStream
from rookery_core.text import exact, one_line, visible
from rookery_core.usage import Usage
from rookery_tui.call_view import approval_text

Tone = Literal["plain", "good", "bad", "quiet"]
MODES: Mapping[Mode, str] = {
    Mode.ASK: "what changes or starts something asks first",
    Mode.ACCEPT_EDITS: "edits of files in the workspace do not ask",
    Mode.PLAN: "it looks, changes nothing, and says what it would do",
}
"""The permission modes, in the order in which they follow each other."""
TITLE_WIDTH = 100
YES_OR_NO = ("yes", "no")
"""The choices of a question that wants no others."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the trace: a line, and what is behind it."""

    label: str
    """thought, action, reader, observation, approval, question, memory, input, model, mode, plugin, rules, notice."""
    title: str
    """One line."""
    body: str = ""
    """The whole, on any number of lines; "" when the title says it all."""
    tone: Tone = "plain"


def row(event: Event) -> Row | None:
    """The trace entry of an event; None for those that are shown elsewhere (the end of a turn, say) or not at all."""
    match event:
        case MemoryRecalled(items=items):
            body = "\n".join(f"{item.source} {item.ref}: {item.text}" for item in items)
            return _row("memory", f"{len(items)} from earlier", body, "quiet")
        case InputPerceived(name=name, what=what, text=text, dropped_chars=dropped):
            tone: Tone = "bad" if what in ("missing", "image", "binary") else "quiet"
            cut = f", {dropped} characters left out" if dropped else ""
            title = f"{name}: {text}" if tone == "bad" else f"{name} ({what}{cut})"
            return _row("input", title, f"{name}\n{text}", tone)
        case ThoughtFormed(text=text):
            return _row("thought", text, text)
        case ToolRequested(tool=tool, arguments=arguments):
            body = "\n".join([tool, *_indented(_block(arguments))]) if arguments else tool
            return _row("action", f"{tool}({_inline(arguments)})", body)
        case ApprovalRequested(tool=tool):
            return _row("approval", f"asking about {tool}", approval_text(event), "quiet")
        case ApprovalResolved(decision=decision, reason=reason, by=by):
            said = {
                Decision.ONCE: "allowed once",
                Decision.SESSION: "allowed for this session",
                Decision.ALWAYS: "allowed in this workspace from now on",
                Decision.EDIT: "arguments changed",
                Decision.DENY: "denied",
            }
            title = f"{said[decision]} by {by}{_why(reason)}"
            tones: Mapping[Decision, Tone] = {Decision.DENY: "bad", Decision.EDIT: "plain"}
            return _row("approval", title, "", tones.get(decision, "good"))
        case CallRuled(plugin=plugin, ruling=ruling, reason=reason, arguments=arguments):
            done, tone = _RULED[ruling]
            title = f"{plugin} {done}{_why(reason)}"
            body = "\n".join([title, *_indented(_block(arguments))]) if arguments else title
            return _row("approval", title, body, tone)
        case QuestionAsked(question=question, choices=choices):
            body = "\n".join([question, *(f"  {_flat(choice)}" for choice in choices)])
            return _row("question", question, body, "quiet")
        case QuestionAnswered(answer=answer):
            text = "not answered" if answer is None else f"answered: {answer}"
            return _row("question", text, text, "quiet" if answer is None else "plain")
        case ResultRead(n_chars=n_chars, facts=facts, failed=failed, seconds=seconds, usage=usage):
            text = (
                f"not read: {failed}"
                if failed
                else f"{len(facts)} note{'s' * (len(facts) != 1)} on {n_chars} characters"
            )
            cost = f"{usage.completion_tokens} tokens, {seconds:.1f} s"
            return _row("reader", text, "\n".join([text, *facts, cost]), "bad" if failed else "quiet")
        case ToolFinished(status=status, output=output):
            text = output if status is ToolStatus.OK else f"{status}: {output}"
            return _row("observation", text, text, "good" if status is ToolStatus.OK else "bad", _left_out(event))
        case StepFailed(message=message):
            return _row("notice", message, message, "bad")
        case Recovered(action=action, attempt=attempt):
            what = "asking the model again" if action == "repair" else "the model was started again"
            return _row("notice", f"{what} (attempt {attempt})", "", "quiet")
        case ContextCompacted(tokens_before=before, tokens_after=after):
            text = f"the window was full: {before} tokens are now {after}; {_left(event)}"
            return _row("notice", text, text, "quiet")
        case ModelReady(model=model, n_ctx=n_ctx, template=template, load_s=load_s, notes=notes):
            about = f"window {n_ctx} tokens, template: {template}, {load_s:.1f} s"
            return _row("model", f"{model} is ready", "\n".join((about, *notes)), "quiet")
        case ModelLost(reason=reason, log=log):
            return _row("model", reason, f"{reason}\nlog: {log}", "bad")
        case PluginFailed(plugin=plugin, distribution=distribution, reason=reason):
            return _row("plugin", f"{plugin}: {reason}", f"{plugin} ({distribution}): {reason}", "bad")
        case RulesBroken():
            return _row("rules", rules_text(event), rules_text(event), "bad")
        case ModeChanged(mode=mode):
            return _row("mode", f"{mode}: {MODES[mode]}", "", "quiet")
        case _:
            return None


def rules_text(event: RulesBroken) -> str:
    """What is wrong with a file of rules, and where."""
    return visible(f"{event.file}{f':{event.line}' if event.line else ''}: {event.reason}")


def unfinished(event: Generated) -> Row | None:
    """The trace entry of a step that was stopped before it was whole: what it had thought and begun to do."""
    written = channels(event)
    answering = written.pop("answer", "")
    if event.stop not in ("interrupted", "failed") or not written:
        return None
    text = "\n".join(written.values()) + ("" if answering else " [stopped here]")
    return _row("thought", text, text, "quiet")


def channels(event: Generated) -> dict[str, str]:
    """What the model wrote, by the channel it was streamed on."""
    written: dict[str, str] = {}
    for channel, piece in StepStream().feed(event.text):
        written[channel] = written.get(channel, "") + piece
    return written


def ending(event: TurnEnded) -> str:
    """How a turn that was not answered ended, for the person; "" for one that was."""
    reason = event.reason
    match event.status:
        case TurnStatus.ANSWERED:
            return ""
        case TurnStatus.GAVE_UP:
            return visible(f"stopped before there was an answer: {reason}")
        case TurnStatus.REFUSED:
            return visible(f"not sent: {reason}")
        case TurnStatus.FAILED:
            return visible(f"failed: {reason}")
        case TurnStatus.PAUSED:
            return visible(f"paused: {reason}")
        case TurnStatus.INTERRUPTED:
            kept = "; what was written is kept" if event.usage.completion_tokens else ""
            return visible(f"{told_to_the_person(reason)}{kept}")


def told_to_the_person(reason: str) -> str:
    """Who stopped it, as it is said to them; without a reason it was the person."""
    return reason.replace("the person", "you") or "stopped by you"


def question_text(asked: QuestionAsked) -> str:
    """Who asks and what; no line of a tool's question can pass for one of Rookery's own, which no tool asks."""
    if not asked.tool:
        return visible(asked.question)
    return visible("\n".join([f"tool       {_flat(asked.tool)}", "asks", *_indented(asked.question)]))


def choice_keys(choices: Sequence[str]) -> list[str]:
    """What may be typed in place of each choice: y and n, else its number; "" where a choice begins like a number."""
    if tuple(choices) == YES_OR_NO:
        return [choice[0] for choice in choices]
    if any(choice.strip()[:1].isdecimal() for choice in choices):
        return [""] * len(choices)
    return [str(n) for n in range(1, len(choices) + 1)]


def choice_text(key: str, choice: str, width: int) -> str:
    """A choice on one line, behind its key where it has one; the longest key has that width."""
    return visible(f"{f'{key:>{width}}  ' if key else ''}{_flat(choice)}")


def usage_text(usage: Usage) -> str:
    """What a turn cost, on one line."""
    forced = f" ({usage.forced_tokens} forced)" if usage.forced_tokens else ""
    return (
        f"{usage.prompt_tokens} tokens read ({usage.cached_tokens} reused), {usage.completion_tokens} written{forced}, "
        f"{usage.tokens_per_second:.0f} tok/s"
    )


_RULED: Mapping[str, tuple[str, Tone]] = {
    "allow": ("allowed it", "good"),
    "deny": ("denied it", "bad"),
    "rewrite": ("changed the arguments", "plain"),
}
"""What a plugin's hook did with a call."""


def _row(label: str, title: str, body: str, tone: Tone = "plain", note: str = "") -> Row:
    """An entry; the note stands behind the title, whose end gives way to it."""
    line = one_line(title, TITLE_WIDTH - len(note)) + note
    shown = visible(body)
    return Row(label, line, "" if shown == line else shown, tone)


def _why(reason: str) -> str:
    return f": {reason}" if reason else ""


def _left_out(event: ToolFinished) -> str:
    """That the model did not read all of an output, and where the rest is."""
    if not event.dropped_chars:
        return ""
    kept = one_line(f"; whole text kept as {event.artifact}", 50) if event.artifact else ""
    return f" ({event.dropped_chars} characters left out{kept})"


def _left(event: ContextCompacted) -> str:
    """What is no longer in the prompt."""
    parts = [
        f"turns up to {event.through_turn}" if event.through_turn else "",
        f"steps of this turn up to {event.through_step}" if event.through_step else "",
        f"{event.cut_chars} characters of the newest observation" if event.cut_chars else "",
    ]
    return f"{' and '.join(part for part in parts if part)} left the prompt and stay stored"


def _inline(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())


def _block(arguments: Mapping[str, Any]) -> str:
    """Arguments for reading: a text of several lines is shown as it is, everything else as JSON."""
    lines: list[str] = []
    for name, value in arguments.items():
        if isinstance(value, str) and "\n" in value:
            lines += [f"{name}:", *_indented(exact(value))]
        else:
            lines.append(f"{name}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines)


def _flat(text: str) -> str:
    """The text on one line: a line feed in a name must not look like the next line of a prompt."""
    return exact(text).replace("\n", "\\u{a}")


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.split("\n")]
