"""What the person typed: a message, or a command with a slash. One table, read by the parser and by the help."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

COMMANDS: Mapping[str, str] = {
    "help": "show the keys and commands",
    "new": "begin a new session",
    "sessions": "list the sessions and open one",
    "tools": "list the tools the model may call",
    "trace": "show or hide thoughts, actions and observations",
    "quit": "leave",
}
"""Name to what it does."""
ALIASES: Mapping[str, str] = {"exit": "quit", "q": "quit", "clear": "new", "": "help"}


@dataclass(frozen=True, slots=True)
class Say:
    """A message for the assistant."""

    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A known command."""

    name: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something with a slash that is no command; the text says so."""

    text: str


def read(text: str) -> Say | Command | Unknown:
    """What a typed text asks for. Two slashes begin a message that starts with one."""
    if text.startswith("//"):
        return Say(text[1:])
    if not text.startswith("/"):
        return Say(text)
    name = text[1:].strip()
    name = ALIASES.get(name, name)
    if name in COMMANDS:
        return Command(name)
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean /{near[0]}?" if near else f"there are: {', '.join(f'/{known}' for known in COMMANDS)}."
    return Unknown(f"/{name} is not a command; {hint} A message that begins with a slash is written with two.")
