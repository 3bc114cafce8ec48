"""What the slash commands do at the plain prompt."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

from rookery_core.errors import StoreError
from rookery_core.text import one_line
from rookery_core.tools.extending import Send
from rookery_tui import plugin_commands
from rookery_tui.plugin_switch import switch
from rookery_tui.speech import mode_named, models, modes, results, tools, turns_text
from rookery_tui.talk import Talk
from rookery_tui.typed import PLAIN_COMMANDS, Command
from rookery_tui.width import cut_to, width_of

LISTED = 20


async def carry_out(talk: Talk, command: Command) -> str:
    """Do what a command says; trouble with the store is told. Returns a text that it wants to be sent, or ""."""
    if command.name not in _ACTS:
        return await _of_a_plugin(talk, command)
    try:
        if (going_on := _ACTS[command.name](talk, command.rest)) is not None:
            await going_on
    except StoreError as error:
        talk.say(str(error))
    return ""


async def _of_a_plugin(talk: Talk, command: Command) -> str:
    assistant = talk.assistant
    workspace, made = assistant.tools.workspace.root, assistant.commands[command.name]
    result = await plugin_commands.carry_out(made, workspace, talk.log.events, command.rest)
    if isinstance(result, Send):
        return result.text
    talk.say(result)
    return ""


def _help(talk: Talk, rest: str) -> None:
    commands = plugin_commands.known(PLAIN_COMMANDS, talk.assistant.commands)
    width = max(10, *map(len, commands)) + 2
    for name, text in commands.items():
        talk.say(f"  {f'/{name}':<{width}}{text}")
    talk.say(
        "  Enter sends, Esc Enter or Ctrl+J begins a new line, Ctrl+C stops the turn, Ctrl+D or Ctrl+C twice quits."
    )


def _new(talk: Talk, rest: str) -> None:
    talk.go_on_with(talk.assistant.new_session())
    talk.say("A new session.")


def _sessions(talk: Talk, rest: str) -> None:
    found = talk.assistant.sessions.recent(LISTED)
    for each in found:
        here = "*" if each.id == talk.log.id else " "
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.updated_at))
        line = f"{here} {each.id}  {at}  {turns_text(each.turns):>9}  {one_line(each.title, 60)}"
        talk.say(cut_to(line, width_of(talk.out)))
    if not found:
        talk.say("There are no sessions yet.")


def _resume(talk: Talk, rest: str) -> None:
    wanted = talk.assistant.sessions.get(rest)
    if wanted.id != talk.log.id:
        talk.go_on_with(talk.assistant.sessions.open(wanted.id))
    talk.say(f"Session {wanted.id}, {turns_text(wanted.turns)}: {wanted.title}")


def _search(talk: Talk, rest: str) -> None:
    found = talk.assistant.episodes.search(rest, LISTED)
    for each in found:
        line = f"  {each.session} turn {each.turn}  {one_line(each.asked, 40)}  {one_line(each.answer, 60)}"
        talk.say(cut_to(line, width_of(talk.out)))
    if not found:
        talk.say("Nothing was found.")


def _mode(talk: Talk, rest: str) -> None:
    if not rest:
        talk.say(modes(talk.mode))
    elif (wanted := mode_named(rest)) is None:
        talk.say(modes(talk.mode, rest))
    else:
        talk.set_mode(wanted)


def _model(talk: Talk, rest: str) -> Awaitable[None] | None:
    if rest:
        return talk.use_model(rest)
    talk.say(models(talk.assistant.models.known(), talk.assistant.model_name))
    return None


async def _tools(talk: Talk, rest: str) -> None:
    talk.say(await tools(talk.assistant, talk.log.events))


async def _plugins(talk: Talk, rest: str) -> None:
    talk.say(await switch(talk.assistant, talk.assistant.plugins, rest))


def _result(talk: Talk, rest: str) -> None:
    talk.say(results(talk.assistant, talk.log, rest))


def _trace(talk: Talk, rest: str) -> None:
    talk.teller.trace = not talk.teller.trace
    talk.say(f"Thoughts, actions and observations are {'shown' if talk.teller.trace else 'hidden'}.")


def _quit(talk: Talk, rest: str) -> None:
    talk.over = True


_ACTS: Mapping[str, Callable[[Talk, str], Awaitable[None] | None]] = {
    "help": _help,
    "new": _new,
    "sessions": _sessions,
    "resume": _resume,
    "search": _search,
    "mode": _mode,
    "model": _model,
    "tools": _tools,
    "plugins": _plugins,
    "result": _result,
    "trace": _trace,
    "quit": _quit,
}
"""What each of `PLAIN_COMMANDS` does, given what was typed after it."""
