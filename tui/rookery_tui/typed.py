"""What the person typed: a message, or a command with a slash. One table, read by the parser and by the help."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

COMMANDS: Mapping[str, str] = {
    "help": "show the keys and commands",
    "new": "begin a new session",
    "sessions": "list the sessions and open one",
    "mode": "list the permission modes, or go on in the one of that name",
    "model": "list the models, or go on with the one of that name",
    "tools": "list the tools the model may call",
    "plugins": "list the plugins; enable NAME, disable NAME, reload",
    "result": "show a result that was too long for the model, by its number",
    "trace": "show or hide thoughts, actions and observations",
    "quit": "leave",
}
"""Name to what it does."""
PLAIN_COMMANDS: Mapping[str, str] = {
    **COMMANDS,
    "resume": "go on with the session of that id",
    "search": "find past turns by their words",
}
"""Those of the plain prompt, which has no list to choose from."""
ALIASES: Mapping[str, str] = {"exit": "quit", "q": "quit", "clear": "new", "": "help"}


@dataclass(frozen=True, slots=True)
class Say:
    """A message for the assistant."""

    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A known command."""

    name: str
    rest: str = ""
    """What was typed after it."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something with a slash that is no command; the text says so."""

    text: str


_COMMAND = re.compile(r"/([a-z]*)(?:\s+(.*))?", re.DOTALL)


def read(text: str, commands: Mapping[str, str] = COMMANDS) -> Say | Command | Unknown:
    """What a typed text asks for.

    Two slashes begin a message that starts with one. A path such as /etc/hosts is no command, but part of a message.
    """
    if text.startswith("//"):
        return Say(text[1:])
    match = _COMMAND.fullmatch(text.strip())
    if match is None:
        return Say(text)
    name = ALIASES.get(match[1], match[1])
    if name in commands:
        return Command(name, (match[2] or "").strip())
    near = difflib.get_close_matches(name, commands, n=1)
    hint = f"did you mean /{near[0]}?" if near else f"there are: {', '.join(f'/{known}' for known in commands)}."
    return Unknown(f"/{name} is not a command; {hint} A message that begins with a slash is written with two.")
