"""The models' process, and the requests that are made of it.

A crash in llama.cpp ends that process; here it becomes `ModelDied`, and the next start is that of another.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rookery_core.errors import GrammarError, ModelDied, ModelError, ModelUnreadable, PromptTooLong
from rookery_core.logs import patterns_alone, piped
from rookery_core.process import NOWHERE, how_it_ended, surroundings

if TYPE_CHECKING:
    from rookery_core.redact import Redactor

CLOSE_SECONDS = 5.0
"""What the process gets for saving what it has read."""
LINE_LIMIT = 1 << 24

Answer = dict[str, Any]


class Guest(Protocol):
    """Who is in the process, or about to be."""

    name: str

    def gone(self, loss: ModelDied | None) -> None:
        """It is there no longer: its process died, or another needed the memory."""


class Worker:
    """The process, started when it is needed, and the models in it."""

    def __init__(self, log: Path, memory_bytes: int = 0, redactor: Callable[[], Redactor] = patterns_alone) -> None:
        """`memory_bytes` is what the loaded models' files may have in all; 0 for no limit. `redactor` makes what takes
        secrets out of the log."""
        self.log = log
        self._redactor = redactor
        self.memory_bytes = memory_bytes
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Queue[Answer]] = {}
        self._numbers = itertools.count(1)
        self._starting = asyncio.Lock()
        self._guests: dict[str, Guest] = {}

    async def start(self) -> None:
        """Start the process unless it runs."""
        async with self._starting:
            if self._process is not None:
                return
            with piped(self.log, self._redactor) as log:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",
                    "-m",
                    "rookery_core.model.child",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    limit=LINE_LIMIT,
                    cwd=NOWHERE,
                    env=surroundings(os.environ),
                    start_new_session=True,  # Ctrl+C in the terminal is for the program, not for the model
                )
            self._answers = {}  # those of an earlier process are told its end, and not this one's
            self._reader = asyncio.create_task(self._read(self._process, self._answers))

    async def ask(self, op: str, model: str, **values: Any) -> AsyncGenerator[Answer, None]:
        """Make a request, and what is answered, to the last. Leaving early cancels it. Raises ModelError, ModelDied."""
        number = next(self._numbers)
        answers: asyncio.Queue[Answer] = asyncio.Queue()
        waiting = self._answers
        waiting[number] = answers
        ended = False
        try:
            try:
                self._send({"op": op, "id": number, "model": model, **values})
                assert self._process is not None
                assert self._process.stdin is not None
                await self._process.stdin.drain()
            except ModelDied as exc:
                ended = True
                raise self._died(model, "is not running") from exc
            except ConnectionError:
                pass  # it ended while it was asked; whoever reads from it tells how
            while not ended:
                answer = await answers.get()
                ended = answer.get("end", False)
                _raise(answer, self._died(model, str(answer.get("died"))))
                yield answer
        finally:
            waiting.pop(number, None)
            if not ended and waiting is self._answers:
                with contextlib.suppress(ModelDied):
                    self._send({"op": "cancel", "id": number})

    def enter(self, guest: Guest) -> None:
        """A model is about to be loaded, in place of another of its name; it is told when it is gone."""
        if (other := self._guests.get(guest.name)) is not None and other is not guest:
            other.gone(None)
        self._guests[guest.name] = guest

    def holds(self, guest: Guest) -> bool:
        """Whether it came and is not gone."""
        return self._guests.get(guest.name) is guest

    async def leave(self, guest: Guest) -> None:
        """The model is no longer needed; with the last one the process ends."""
        name = guest.name
        held = self.holds(guest)
        if held:
            self._guests.pop(name)
        if not self._guests:
            await self.close()
        elif held and self._process is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS), aclosing(self.ask("unload", name)) as answers:
                    async for _ in answers:
                        pass

    async def close(self) -> None:
        """End the process."""
        async with self._starting:
            await self._close()

    async def _close(self) -> None:
        process, self._process = self._process, None
        reader, self._reader = self._reader, None
        self._guests.clear()
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if reader is not None:
            await asyncio.wait([reader])

    async def _read(self, process: asyncio.subprocess.Process, answers: dict[int, asyncio.Queue[Answer]]) -> None:
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                answer = json.loads(line)
                if "unloaded" in answer:
                    if (guest := self._guests.pop(answer["unloaded"], None)) is not None:
                        guest.gone(None)
                elif (waiting := answers.get(answer["id"])) is not None:
                    waiting.put_nowait(answer)
        except ConnectionError:
            pass
        except ValueError:  # half a line is the last thing a process says that is killed
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        how = how_it_ended(await process.wait())
        if process is self._process:  # otherwise it was closed on purpose
            self._process = None
            for name, guest in self._guests.items():
                guest.gone(self._died(name, how))
            self._guests.clear()
        for waiting in answers.values():
            waiting.put_nowait({"died": how, "end": True})

    def _send(self, message: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None or self._process.returncode is not None:
            raise self._died("", "is not running")
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def _died(self, model: str, how: str) -> ModelDied:
        return ModelDied(f"the process of model {model} {how}. Log: {self.log}", log=str(self.log))


def _raise(answer: Answer, died: ModelDied) -> None:
    """The error that an answer stands for, if it stands for one."""
    if "died" in answer:
        raise died
    match answer.get("failed"):
        case None:
            return
        case "GrammarError":
            raise GrammarError(answer["tool"], answer["detail"])
        case "PromptTooLong":
            raise PromptTooLong(answer["message"])
        case "ModelUnreadable":
            raise ModelUnreadable(answer["message"])
        case _:
            raise ModelError(answer["message"])
