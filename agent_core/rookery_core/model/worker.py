"""The model in a process of its own, as the rest of the program sees it: a `ModelBackend`.

A crash in llama.cpp ends that process; here it becomes `ModelDied`, and the next `open` starts another.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rookery_core.errors import GrammarError, ModelDied, ModelError, ModelUnreadable, PromptTooLong
from rookery_core.events import Usage
from rookery_core.model.base import Completion, Delta, LoadOptions, Message, ModelInfo, Sampling
from rookery_core.paths import private_file, private_folder

CLOSE_SECONDS = 2.0
LINE_LIMIT = 1 << 24
LOG_LIMIT = 1_000_000
"""Bytes after which the log is begun anew."""


class WorkerModel:
    """A GGUF model in a child process."""

    def __init__(self, name: str, options: LoadOptions, log: Path) -> None:
        self.name = name
        self._options = options
        self._log = log
        self.info: ModelInfo | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._opening = asyncio.Lock()
        self._loss: ModelDied | None = None

    async def open(self, progress: Callable[[float], None] | None = None) -> ModelInfo:
        async with self._opening:
            if self.info is not None:
                return self.info
            await self.close()
            began = time.monotonic()
            process = await self._spawn()
            try:
                ready = await self._wait_until_ready(process, progress)
            except BaseException:
                await self.close()
                raise
            self.info = ModelInfo(self.name, self._options.path, load_s=time.monotonic() - began, **ready)
            self._reader = asyncio.create_task(self._read(process))
            return self.info

    def take_loss(self) -> ModelDied | None:
        loss, self._loss = self._loss, None
        return loss

    async def count(self, messages: Sequence[Message]) -> int:
        number, answers = await self._request("count", messages=[asdict(m) for m in messages])
        try:
            return int((await self._answer(answers))["count"])
        finally:
            self._answers.pop(number, None)

    async def stream(
        self, messages: Sequence[Message], sampling: Sampling, grammar: str | None = None
    ) -> AsyncGenerator[Delta | Completion, None]:
        number, answers = await self._request(
            "stream", messages=[asdict(m) for m in messages], sampling=asdict(sampling), grammar=grammar
        )
        written: list[str] = []
        ended = False
        try:
            while True:
                answer = await self._answer(answers)
                if "delta" in answer:
                    written.append(answer["delta"])
                    yield Delta(answer["delta"])
                else:
                    ended = True
                    yield Completion("".join(written), answer["stop"], Usage(**answer["usage"]))
                    return
        finally:
            if ended:
                self._answers.pop(number, None)
            else:
                self._give_up(number)

    async def close(self) -> None:
        process, self._process, self.info = self._process, None, None
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
        if self._reader is not None:
            await asyncio.wait([self._reader])
            self._reader = None

    # -- the process --------------------------------------------------------------------------------------------

    async def _spawn(self) -> asyncio.subprocess.Process:
        private_folder(self._log.parent)
        private_file(self._log)
        fresh = self._log.stat().st_size > LOG_LIMIT
        with self._log.open("wb" if fresh else "ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the current folder is the person's, not a place to import from
                "-m",
                "rookery_core.model.child",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=LINE_LIMIT,
                start_new_session=True,  # Ctrl+C in the terminal is for the program, not for the model
            )
        self._send({"op": "load", **asdict(self._options)})
        return self._process

    async def _wait_until_ready(
        self, process: asyncio.subprocess.Process, progress: Callable[[float], None] | None
    ) -> dict[str, Any]:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            message = json.loads(line)
            if "loading" in message:
                if progress is not None:
                    progress(message["loading"])
            elif "failed" in message:
                raise ModelUnreadable(message["message"])
            else:
                ready: dict[str, Any] = message["ready"]
                return ready
        raise ModelUnreadable(
            f"{self._options.path} cannot be loaded: its process {_how_it_ended(await process.wait())}. "
            f"The file may be damaged, or too large for this machine's memory. Log: {self._log}"
        )

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ConnectionError):
            while line := await process.stdout.readline():
                answer = json.loads(line)
                waiting = self._answers.get(answer["id"])
                if waiting is not None:
                    waiting.put_nowait(answer)
        how = _how_it_ended(await process.wait())
        if process is self._process:  # otherwise it was closed on purpose
            self.info, self._loss = None, self._died(how)
        for waiting in self._answers.values():
            waiting.put_nowait({"died": how})

    async def _request(self, op: str, **values: Any) -> tuple[int, asyncio.Queue[dict[str, Any]]]:
        number = next(self._numbers)
        answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers[number] = answers
        try:
            self._send({"op": op, "id": number, **values})
            assert self._process is not None
            assert self._process.stdin is not None
            await self._process.stdin.drain()
        except (ModelDied, ConnectionError) as exc:
            self._answers.pop(number, None)
            raise self._died("is not running") from exc
        except asyncio.CancelledError:
            self._give_up(number)
            raise
        return number, answers

    def _give_up(self, number: int) -> None:
        self._answers.pop(number, None)
        with contextlib.suppress(ModelDied):
            self._send({"op": "cancel", "id": number})

    def _send(self, message: dict[str, Any]) -> None:
        if self._process is None or self._process.stdin is None or self._process.returncode is not None:
            raise self._died("is not running")
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _answer(self, answers: asyncio.Queue[dict[str, Any]]) -> dict[str, Any]:
        answer = await answers.get()
        if "died" in answer:
            raise self._died(answer["died"])
        match answer.get("failed"):
            case None:
                return answer
            case "GrammarError":
                raise GrammarError(answer["tool"], answer["detail"])
            case "PromptTooLong":
                raise PromptTooLong(answer["message"])
            case _:
                raise ModelError(answer["message"])

    def _died(self, how: str) -> ModelDied:
        return ModelDied(f"the process of model {self.name} {how}. Log: {self._log}", log=str(self._log))


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
