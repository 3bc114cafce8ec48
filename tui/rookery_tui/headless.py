"""One task without a screen: the answer on standard output, everything else on standard error, an exit code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Protocol, TextIO

from rookery_core.approval.modes import mode_of
from rookery_core.assistant import Assistant
from rookery_core.errors import RookeryError
from rookery_core.event_json import dump_event
from rookery_core.events import (
    Answered,
    ApprovalRequested,
    Event,
    Mode,
    ModelLoading,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.store.sessions import SessionLog
from rookery_core.usage import Usage
from rookery_tui.exits import Exit, report
from rookery_tui.out import prints_go_to, say, say_json
from rookery_tui.presenter import MODES, ending, row, usage_text
from rookery_tui.starting import Resume, open_session
from rookery_tui.stopping import Stop, reason_of, stopped
from rookery_tui.telling import trace_line

WARY = "words that are not trusted had been read, and after those --allow does not count"


class Output(StrEnum):
    """What is written to standard output."""

    TEXT = "text"
    """The answer alone."""
    JSON = "json"
    """One object: answer, status, session, steps, usage."""
    JSONL = "jsonl"
    """Every event as it happens, one a line."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and how it is to be told."""

    task: str
    inputs: tuple[str, ...] = ()
    """Paths that it names, to be put before the model."""
    output: Output = Output.TEXT
    quiet: bool = False
    """No trace lines on standard error."""
    resume: Resume = field(default_factory=Resume)


@dataclass(slots=True)
class Result:
    """What came of the job so far."""

    answer: str = ""
    session: str = ""
    """"" until its first turn began: before that there is nothing to go on with."""
    ended: TurnEnded | None = None
    wary: bool = False
    """Whether something was asked about after words that are not trusted, so that `--allow` did not count."""

    def take(self, event: Event) -> None:
        """Note what of an event belongs to the result."""
        match event:
            case TurnStarted():
                self.session = event.session
            case Answered(text=text):
                self.answer = text
            case TurnEnded():
                self.ended = event
            case ApprovalRequested(untrusted=sources) if sources:
                self.wary = True

    @property
    def status(self) -> TurnStatus:
        """How the turn ended; a turn that did not begin failed."""
        return self.ended.status if self.ended else TurnStatus.FAILED

    def exit(self, stop: Stop) -> Exit:
        """The exit code of a job that came to its end."""
        if self.ended is None or self.status is TurnStatus.INTERRUPTED:
            return Exit(128 + stop.signal) if stop.signal else Exit.INTERRUPTED
        if self.ended.unattended_denials:
            return Exit.UNATTENDED
        return Exit.OK if self.status is TurnStatus.ANSWERED else Exit.FAILED


async def run(make: Callable[[], Assistant], job: Job, out: TextIO, err: TextIO, stop: Stop) -> Exit:
    """Carry out one turn and return the exit code. Expected trouble is told on `err`; a bug is raised.

    A wish to stop ends the turn, which is stored like any other and can be gone on with.
    """
    printer = _printer(job, out, err)
    result = Result()
    try:
        with prints_go_to(err):
            await _carry_out(make, job, result, printer, err, stop)
        code = result.exit(stop)
    except RookeryError as error:
        code = report(error, err)
    except asyncio.CancelledError:
        if not stop.signal:
            raise
        code = stopped(stop, err)
    printer.end(result)
    return code


async def _carry_out(
    make: Callable[[], Assistant], job: Job, result: Result, printer: Printer, err: TextIO, stop: Stop
) -> None:
    assistant = make()
    try:
        log, remark = open_session(assistant, job.resume)
        try:
            if remark:
                say(f"rookery: {remark}", err)
            if not job.quiet and (mode := mode_of(log.events)) is not Mode.ASK:
                say(f"rookery: mode {mode}: {MODES[mode]}", err)
            await _turn(assistant, log, job, result, printer, err, stop)
        finally:
            log.close()
    finally:
        await assistant.close()


async def _turn(
    assistant: Assistant, log: SessionLog, job: Job, result: Result, printer: Printer, err: TextIO, stop: Stop
) -> None:
    task = asyncio.current_task()
    assert task is not None
    with stop.tells(task.cancel):
        async with aclosing(assistant.start(log)) as events:
            async for event in events:
                printer.show(event)
        if not job.quiet and (awaited := [each.plugin for each in assistant.servers.waiting()]):
            say(f"rookery: waiting for MCP servers: {', '.join(awaited)}", err)
        await assistant.servers.known()  # there is no later turn that could have their tools
    with stop.tells(lambda: assistant.cancel(reason_of(stop.signal))):
        async with aclosing(assistant.turn(log, job.task, job.inputs)) as events:
            async for event in events:
                result.take(event)
                printer.show(event)


# -- what is printed ----------------------------------------------------------------------------------------------


class Printer(Protocol):
    """Writes a job in one of the output forms."""

    def show(self, event: Event) -> None:
        """Called with every event, in order."""

    def end(self, result: Result) -> None:
        """Called once, also when there was trouble."""


@dataclass(frozen=True, slots=True)
class TextPrinter:
    """The answer alone on `out`; the trace, how it ended and what it cost on `err`."""

    out: TextIO
    err: TextIO
    quiet: bool

    def show(self, event: Event) -> None:
        if not self.quiet and (entry := row(event)) is not None:
            say(trace_line(entry), self.err)

    def end(self, result: Result) -> None:
        if result.answer:
            say(result.answer, self.out)
        tell_ending(result, self.err)
        if result.ended and not self.quiet:
            say(f"session {result.session} · {usage_text(result.ended.usage)}", self.err)


@dataclass(frozen=True, slots=True)
class JsonPrinter:
    """One object, when all is over."""

    out: TextIO
    err: TextIO

    def show(self, event: Event) -> None:
        return None

    def end(self, result: Result) -> None:
        tell_ending(result, self.err)
        made = {
            "answer": result.answer,
            "status": result.status.value,
            "session": result.session,
            "steps": result.ended.steps if result.ended else 0,
            "usage": asdict(result.ended.usage if result.ended else Usage()),
        }
        say_json(json.dumps(made, ensure_ascii=False), self.out)


@dataclass(slots=True)
class JsonlPrinter:
    """Every event as it happens; of a model that is loading, each tenth."""

    out: TextIO
    err: TextIO
    _tenth: int = -1

    def show(self, event: Event) -> None:
        if isinstance(event, ModelLoading):
            before, self._tenth = self._tenth, int(10 * event.fraction)
            if self._tenth == before:
                return
        say_json(dump_event(event), self.out)

    def end(self, result: Result) -> None:
        tell_ending(result, self.err)


def tell_ending(result: Result, err: TextIO) -> None:
    """Say how it ended, where it did not end with an answer of its own."""
    if result.ended and (text := ending(result.ended)):
        say(f"rookery: {text}", err)
    if result.ended and result.ended.unattended_denials:
        n = result.ended.unattended_denials
        how = WARY if result.wary else "see --allow"
        say(f"rookery: {n} call(s) were refused because nobody could be asked; {how}", err)


def _printer(job: Job, out: TextIO, err: TextIO) -> Printer:
    match job.output:
        case Output.TEXT:
            return TextPrinter(out, err, job.quiet)
        case Output.JSON:
            return JsonPrinter(out, err)
        case Output.JSONL:
            return JsonlPrinter(out, err)
