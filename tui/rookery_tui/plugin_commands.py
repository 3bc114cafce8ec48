"""Plugins' slash commands, carried out: whatever one does, it costs no more than itself."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rookery_core.events import Event
from rookery_core.text import cut_middle, one_line
from rookery_core.tools.extending import Command, Send
from rookery_core.tools.threads import in_thread

SECONDS = 30.0
"""How long a command may take."""
SHOWN_CHARS = 20_000
"""Characters of a command's text that are shown."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a command may use: a `CommandContext`."""

    workspace: Path
    events: tuple[Event, ...]


def known(own: Mapping[str, str], commands: Mapping[str, Command]) -> dict[str, str]:
    """All commands there are and what they do, the program's own first."""
    return {**own, **{name: one_line(command.help, 100) for name, command in commands.items() if name not in own}}


async def carry_out(
    command: Command, workspace: Path, events: Iterable[Event], rest: str, *, seconds: float = SECONDS
) -> str | Send:
    """What to show, or to send. Trouble of any kind is a text that says so; one that takes too long is left behind."""
    work = asyncio.create_task(_result(command, Session(workspace, tuple(events)), rest), name=f"/{command.name}")
    try:
        await asyncio.wait([work], timeout=seconds)
    finally:
        work.cancel()
    if not work.done():
        return f"the command /{command.name} of a plugin took longer than {seconds:g} seconds and was given up"
    return work.result()


async def _result(command: Command, session: Session, rest: str) -> str | Send:
    try:
        made = await in_thread(lambda: command.run(session, rest), name=f"/{command.name}")
        match await made if inspect.isawaitable(made) else made:
            case str(text):
                return cut_middle(text, SHOWN_CHARS)[0] if text.strip() else "done"
            case Send(text=str(text)) as sent if text.strip():
                return sent
            case other:
                raise TypeError(f"it returned {other!r}, which is neither a text nor one to send")
    except BaseException as exc:  # a plugin may raise anything, SystemExit included
        return cut_middle(f"the command /{command.name} of a plugin failed: {type(exc).__name__}: {exc}", SHOWN_CHARS)[
            0
        ]
