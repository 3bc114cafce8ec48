"""The slash commands of the plain prompt, as one table."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rookery_core.errors import StoreError
from rookery_core.text import one_line
from rookery_tui.talk import Talk

_COMMAND = re.compile(r"/([a-z]*)(?:\s+(.*))?", re.DOTALL)
LISTED = 20


@dataclass(frozen=True, slots=True)
class Slash:
    """One command."""

    help: str
    act: Callable[[Talk, str], None]
    """Called with what was typed after the name."""
    argument: str = ""
    """What may be typed after the name, for the help."""


def carry_out(talk: Talk, text: str) -> bool:
    """Carry out the command that the text is; False for a text that is none, which is then a message.

    A path such as /etc/hosts is none, and neither is what begins with two slashes.
    """
    match = _COMMAND.fullmatch(text.strip())
    if match is None:
        return False
    name, rest = match.group(1), (match.group(2) or "").strip()
    command = COMMANDS.get(ALIASES.get(name, name))
    if command is None:
        talk.say(f"There is no command /{name}; /help lists them.")
        return True
    try:
        command.act(talk, rest)
    except StoreError as error:
        talk.say(str(error))
    return True


def _help(talk: Talk, rest: str) -> None:
    for name, command in COMMANDS.items():
        talk.say(f"  {f'/{name} {command.argument}':<18}{command.help}")
    talk.say("  Enter sends, Esc Enter or Ctrl+J begins a new line, Ctrl+C stops the turn, Ctrl+D quits.")


def _new(talk: Talk, rest: str) -> None:
    talk.go_on_with(talk.assistant.new_session())
    talk.say("A new session.")


def _sessions(talk: Talk, rest: str) -> None:
    found = talk.assistant.sessions.recent(LISTED)
    for each in found:
        here = "*" if each.id == talk.log.id else " "
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.updated_at))
        talk.say(f"{here} {each.id}  {at}  {each.turns:>3} turns  {one_line(each.title, 60)}")
    if not found:
        talk.say("There are no sessions yet.")


def _resume(talk: Talk, rest: str) -> None:
    wanted = talk.assistant.sessions.get(rest)
    if wanted.id != talk.log.id:
        talk.go_on_with(talk.assistant.sessions.open(wanted.id))
    talk.say(f"Session {wanted.id}, {wanted.turns} turns: {wanted.title}")


def _search(talk: Talk, rest: str) -> None:
    found = talk.assistant.episodes.search(rest, LISTED)
    for each in found:
        talk.say(f"  {each.session} turn {each.turn}  {one_line(each.asked, 40)}  {one_line(each.answer, 60)}")
    if not found:
        talk.say("Nothing was found.")


def _tools(talk: Talk, rest: str) -> None:
    offered = list(talk.assistant.tools.registry)
    for each in offered:
        talk.say(f"  {each.name:<20}{each.tool.risk:<9}{one_line(each.tool.description, 70)}")
    if not offered:
        talk.say("No tools are offered.")


def _trace(talk: Talk, rest: str) -> None:
    talk.teller.trace = not talk.teller.trace
    talk.say(f"Thoughts, actions and observations are {'shown' if talk.teller.trace else 'hidden'}.")


def _quit(talk: Talk, rest: str) -> None:
    talk.over = True


COMMANDS: Mapping[str, Slash] = {
    "help": Slash("this list", _help),
    "new": Slash("begin a new session", _new),
    "sessions": Slash("the last sessions", _sessions),
    "resume": Slash("go on with a session", _resume, "ID"),
    "search": Slash("find past turns", _search, "WORDS"),
    "tools": Slash("the tools that are offered", _tools),
    "trace": Slash("show or hide thoughts, actions and observations", _trace),
    "quit": Slash("leave", _quit),
}
ALIASES: Mapping[str, str] = {"exit": "quit", "q": "quit", "clear": "new", "": "help"}
