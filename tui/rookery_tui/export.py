"""A stored session as text: for the terminal, as Markdown, as JSON. Folds over events, and knows no database."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pydantic_core import to_jsonable_python

from rookery_core.event_json import dump_event
from rookery_core.events import (
    Answered,
    Event,
    ThoughtFormed,
    ToolFinished,
    ToolRequested,
    ToolStatus,
    TurnEnded,
    TurnStarted,
)
from rookery_core.store.sessions import SessionSummary
from rookery_core.text import one_line, visible
from rookery_tui.presenter import ending, row
from rookery_tui.telling import trace_line


def as_text(summary: SessionSummary, events: Iterable[Event]) -> Iterator[str]:
    """The conversation and its trace, in lines for a terminal."""
    yield visible(f"{summary.title}\n{_facts(summary)}")
    for event in events:
        match event:
            case TurnStarted(text=text):
                yield f"\n> {visible(text)}"
            case Answered(text=text):
                yield visible(text)
            case TurnEnded():
                if text := ending(event):
                    yield text
            case _:
                if (entry := row(event)) is not None:
                    yield f"  {trace_line(entry)}"


def as_markdown(summary: SessionSummary, events: Iterable[Event]) -> Iterator[str]:
    """The conversation as Markdown, with thoughts, actions and observations."""
    yield f"# {one_line(summary.title, 80)}\n\n{visible(_facts(summary))}"
    for event in events:
        match event:
            case TurnStarted(text=text):
                yield f"\n## Turn {event.turn}\n\n{_quoted(visible(text))}"
            case ThoughtFormed(text=text):
                yield f"\n**Thought** {one_line(text, 2_000)}"
            case ToolRequested(tool=tool, arguments=arguments):
                called = json.dumps(arguments, ensure_ascii=False, indent=2)
                yield f"\n**Action** `{one_line(tool, 200)}`\n\n{_fenced(called, 'json')}"
            case ToolFinished(status=status, output=output):
                how = "" if status is ToolStatus.OK else f" ({status})"
                yield f"\n**Observation**{how}\n\n{_fenced(output)}"
            case Answered(text=text):
                yield f"\n**Answer**\n\n{visible(text)}"
            case TurnEnded():
                if text := ending(event):
                    yield f"\n*{text}*"
            case _:
                if (entry := row(event)) is not None:
                    yield f"\n*{entry.label}: {entry.title}*"


def as_json(summary: SessionSummary, events: Sequence[Event]) -> str:
    """One object: what the list of sessions tells, and all events."""
    return json.dumps(
        {**told(summary), "events": [json.loads(dump_event(event)) for event in events]}, ensure_ascii=False
    )


def told(record: Any) -> dict[str, Any]:
    """A summary or an episode as JSON knows it; times are Unix times in seconds."""
    made: dict[str, Any] = to_jsonable_python(asdict(record))
    return made


def local_time(at: float) -> str:
    """A Unix time for reading."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _facts(summary: SessionSummary) -> str:
    return (
        f"Session {summary.id}, {local_time(summary.created_at)}, turns: {summary.turns}, workspace {summary.workspace}"
    )


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _fenced(text: str, language: str = "text") -> str:
    """The text in a fence that is longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{visible(text)}\n{fence}"
