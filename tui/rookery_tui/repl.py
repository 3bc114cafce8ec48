"""The plain prompt: a conversation where there is no screen to draw on, or none is wanted."""

from __future__ import annotations

import asyncio
import signal
from typing import TextIO

from rookery_core.approval.labelling import of_command
from rookery_core.approval.policy import no_answer, nobody
from rookery_core.paths import Paths
from rookery_tui import slash
from rookery_tui.asking import Asking
from rookery_tui.console import Console
from rookery_tui.doorstep import Ask, Doorstep
from rookery_tui.exits import Exit
from rookery_tui.lines import LEAVE_HINT, Lines, PlainLines, PromptLines, history_at
from rookery_tui.out import prints_go_to, say
from rookery_tui.plugin_commands import known
from rookery_tui.starting import MakeAssistant, Resume, open_session
from rookery_tui.stopping import on_signals, or_hung_up, reason_of
from rookery_tui.talk import Talk
from rookery_tui.typed import PLAIN_COMMANDS, Command, Say, Unknown, read


def lines_for(console: Console, paths: Paths, editor: str = "") -> Lines:
    """An edited prompt at a terminal, else the lines of standard input."""
    if not console.full_screen:
        can_ask = console.stdin.isatty() and console.stdout.isatty()  # who does not see a question cannot answer it
        return PlainLines(console.stdin.fileno(), console.stdout if can_ask else None)
    from prompt_toolkit.output import create_output

    output = create_output(stdout=console.stdout)
    return PromptLines(history=history_at(paths.history_file), output=output, editor=editor)


async def repl(
    make: MakeAssistant,
    lines: Lines,
    out: TextIO,
    err: TextIO,
    resume: Resume,
    *,
    trace: bool = True,
    kept_in: str = "rules.toml",
    grace_s: float = 0.0,
    doorstep: Doorstep | None = None,
) -> Exit:
    """Read a message, carry it out, tell it, until the input ends or the person has enough. Tools print to `err`.

    Whether the folder is trusted is asked first, at the `doorstep`.

    `kept_in` is the file that keeps what is allowed for good; an answer within `grace_s` of its question is none.
    Where nobody can be asked, what would ask is denied, and tools get no answer. Raises ConfigError, ModelError,
    SessionUnknown, SessionBusy before the first message.
    """
    with prints_go_to(err):
        asking = Asking(lines, out, kept_in, grace_s)
        if doorstep is not None:
            await _enter(doorstep, asking.answer if lines.attended else None, err)
        assistant = make(asking.approve, asking.answer) if lines.attended else make(nobody, no_answer)
        try:
            log, remark = open_session(assistant, resume)
            talk = Talk(assistant, log, out, trace=trace)
            lines.complete(known(PLAIN_COMMANDS, assistant.commands))
            try:
                if remark:
                    talk.say(remark)
                return await _converse(talk, lines)
            finally:
                talk.log.close()
        finally:
            await assistant.close()


async def _enter(doorstep: Doorstep, ask: Ask | None, err: TextIO) -> None:
    """Ask whether the folder is trusted, where somebody can be asked, and say what comes of it."""
    if doorstep.asks and ask is not None:
        await doorstep.ask(ask)
    for text in doorstep.remarks:
        say(f"rookery: {text}", err)


async def _converse(talk: Talk, lines: Lines) -> Exit:
    task = asyncio.current_task()
    assert task is not None
    ended_by = 0
    hinted = False

    def on_signal(number: int) -> None:
        """Ctrl+C stops the turn and not the program, where a person is there to go on; twice at the prompt, it does."""
        nonlocal ended_by, hinted
        if ended_by and number != signal.SIGINT:
            return  # one that comes twice, as from the shell and from the supervisor, says nothing more
        if number != signal.SIGINT or not lines.attended or talk.loading:
            ended_by = ended_by or number
        if talk.assistant.busy:
            talk.assistant.cancel(reason_of(number))
        elif ended_by:
            task.cancel()
        elif hinted:
            talk.over = True
            task.cancel()
        else:
            hinted = True
            talk.say(f"\n{LEAVE_HINT}")

    with on_signals(on_signal, insist=False, signals=or_hung_up()):
        try:
            await talk.start(attended=lines.attended)
            text = ""
            while not talk.over and not ended_by:
                text = await _exchange(talk, lines, text)
                hinted = False
        except asyncio.CancelledError:
            if not ended_by and not talk.over:
                raise
    return Exit(128 + ended_by) if ended_by else Exit.OK


async def _exchange(talk: Talk, lines: Lines, default: str) -> str:
    """One message and what comes of it. Returns what the next prompt begins with."""
    text = await lines.message(default, toolbar=lambda width: talk.meter.parts(width))
    if text is None:
        talk.over = True
        return ""
    if not text.strip():
        return ""
    match read(text, known(PLAIN_COMMANDS, talk.assistant.commands)):
        case Say(text=message):
            return await talk.turn(message)
        case Command() as command:
            if message := await slash.carry_out(talk, command):
                return await talk.turn(message, of_command(command.name))
        case Unknown(text=problem):
            talk.say(problem)
    return ""
