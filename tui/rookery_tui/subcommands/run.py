"""`rookery run`: one task, its answer, an exit code."""

from __future__ import annotations

import argparse
import os
from functools import cache

from rookery_core.approval.policy import Answerer, Approver, Reply, no_answer, nobody
from rookery_core.assistant import Assistant
from rookery_core.errors import ConfigError
from rookery_core.events import ApprovalRequested, QuestionAsked
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths
from rookery_core.perception.inputs import mentioned
from rookery_tui.asking import GRACE_S, Asking
from rookery_tui.console import Console
from rookery_tui.doorstep import Doorstep
from rookery_tui.editing import editor_of
from rookery_tui.exits import Exit
from rookery_tui.headless import Job, Output, run
from rookery_tui.lines import Lines, PlainLines, PromptLines
from rookery_tui.out import say
from rookery_tui.starting import Resume, maker, mode_wanted
from rookery_tui.stopping import Stop, on_signals, or_hung_up

NOT_READ = "standard input was not read; --stdin puts it after the task"


async def main(arguments: argparse.Namespace, paths: Paths, console: Console, worker: Worker | None = None) -> Exit:
    """Carry out the task; a second Ctrl+C ends the process without waiting for the first to be obeyed.

    `worker` is the models' process, where it was started already.
    """
    console = console.outliving()
    job = Job(
        task=task_text(arguments.task, console, with_stdin=arguments.stdin),
        inputs=mentioned(arguments.task or ""),
        output=Output(arguments.output),
        quiet=arguments.quiet,
        resume=Resume(arguments.session, arguments.continue_last, mode_wanted(arguments)),
    )
    if not job.quiet and not _reads(arguments.task, console, arguments.stdin) and console.holds_input():
        say(f"rookery: {NOT_READ}", console.stderr)
    if job.output is not Output.TEXT:
        console.write_utf8()

    doorstep = Doorstep.of(arguments, paths)
    for text in doorstep.remarks:
        say(f"rookery: {text}", console.stderr)

    def make() -> Assistant:
        return maker(arguments, paths, doorstep, worker)(*asked_at(console, str(paths.rules)))

    stop = Stop()
    with on_signals(stop.request, insist=True, signals=or_hung_up()):
        return await run(make, job, console.stdout, console.stderr, stop)


def task_text(task: str | None, console: Console, *, with_stdin: bool = False) -> str:
    """The task: as given, from standard input, or one after the other. ConfigError when there is none.

    Standard input is read only where it is asked for: in a shell's loop it is the list that the loop goes through.
    """
    given = "" if task in (None, "-") else task
    piped = console.read_all().strip("\r\n") if _reads(task, console, with_stdin) else ""
    text = "\n\n".join(part for part in (given, piped) if part and part.strip())
    if not text:
        raise ConfigError('there is nothing to do: give a task, as in `rookery run "What is 17 * 23?"`, or pipe one in')
    return text


def _reads(task: str | None, console: Console, with_stdin: bool) -> bool:
    """Whether standard input is part of the task."""
    return with_stdin or task == "-" or (task is None and not console.stdin.isatty())


def asked_at(console: Console, kept_in: str = "rules.toml", grace_s: float = GRACE_S) -> tuple[Approver, Answerer]:
    """Who is asked at the terminal, beside the answer's stream; where there is none, nobody."""
    if not console.can_ask:
        return nobody, no_answer

    @cache
    def asking() -> Asking:
        """The one reader of the terminal, made when there is something to ask."""
        return Asking(_lines(console), console.stderr, kept_in, grace_s)

    async def approve(request: ApprovalRequested) -> Reply:
        return await asking().approve(request)

    async def answer(asked: QuestionAsked) -> str | None:
        return await asking().answer(asked)

    return approve, answer


def _lines(console: Console) -> Lines:
    if not console.capable:
        return PlainLines(console.stdin.fileno(), console.stderr)
    from prompt_toolkit.output import create_output

    return PromptLines(output=create_output(stdout=console.stderr), editor=editor_of(os.environ))
