"""What a tool's context really is while a call runs: the person, the model and the store, from the tool's own thread.

A tool waits in its thread; what it waits for is done in the program's loop, and given up with the call.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rookery_core.approval.taint import PRIVATE, Label, Ledger
from rookery_core.errors import ModelError, ToolFailed
from rookery_core.tools.context import Artifacts, Data, Memory, Secrets

T = TypeVar("T")

Answerer = Callable[[str, tuple[str, ...]], Awaitable[str | None]]
"""Puts a question with its choices to the person; None: nobody answers."""
Completer = Callable[[str, int], Awaitable[str]]
"""What the model writes to a prompt, in so many tokens at most."""

YES, NO = "yes", "no"
END_SECONDS = 1.0
"""What is being done for a call gets for its end."""


@dataclass(frozen=True, slots=True)
class Lender:
    """What is lent to tools beyond one call."""

    memory: Callable[[str, Ledger], Memory]
    """Of a session, as one call uses it."""
    data: Callable[[str, Ledger], Data]
    """Of a plugin, as one call uses it."""
    artifacts: Callable[[str, str], Artifacts]
    """Of a session, as one call adds to them."""
    secrets: Callable[[str], Secrets]
    """Of a plugin."""


class Bridge:
    """From a tool's thread to the program's loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._going_on: set[asyncio.Task[Any]] = set()
        self._over = False

    @classmethod
    def closed(cls) -> Bridge:
        """One over which nothing goes: nobody may be asked yet."""
        made = cls(asyncio.get_running_loop())
        made._over = True
        return made

    def wait_for(self, doing: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do it in the loop and wait for it. Raises what it raises, and ToolFailed when the call is over."""
        in_a_thread()
        try:
            return asyncio.run_coroutine_threadsafe(self._do(doing), self._loop).result()
        except concurrent.futures.CancelledError:
            raise ToolFailed("the call is over") from None

    async def end(self) -> None:
        """Nobody waits any more; what was being done is given up."""
        self._over = True
        if self._going_on:
            for task in self._going_on:
                task.cancel()
            await asyncio.wait([*self._going_on], timeout=END_SECONDS)

    async def _do(self, doing: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self._over:
            raise ToolFailed("the call is over")
        task = asyncio.current_task()
        assert task is not None
        self._going_on.add(task)
        try:
            return await doing()
        finally:
            self._going_on.discard(task)


@dataclass(frozen=True, slots=True)
class CallPerson:
    """The person in front of the screen."""

    bridge: Bridge
    answerer: Answerer

    def confirm(self, question: str) -> bool:
        """Ask yes or no; False where nobody answers."""
        return self.bridge.wait_for(lambda: self._answer(question, (YES, NO))) == YES

    def ask(self, question: str, choices: Sequence[str] = ()) -> str:
        """Ask for a choice or a text. Raises ToolFailed where nobody answers."""
        answer = self.bridge.wait_for(lambda: self._answer(str(question), tuple(map(str, choices))))
        if answer is None:
            raise ToolFailed(f"nobody answered the question: {question}")
        return answer

    async def _answer(self, question: str, choices: tuple[str, ...]) -> str | None:
        return await self.answerer(question, choices)


@dataclass(frozen=True, slots=True)
class CallModel:
    """The model the assistant uses."""

    bridge: Bridge
    completer: Completer

    def complete(self, prompt: str, *, max_tokens: int = 256) -> str:
        """What the model writes. Raises ToolFailed where it cannot."""
        return self.bridge.wait_for(lambda: self._complete(prompt, max_tokens))

    async def _complete(self, prompt: str, max_tokens: int) -> str:
        try:
            return await self.completer(prompt, max_tokens)
        except ModelError as exc:
            raise ToolFailed(f"the model cannot write: {exc}") from exc


@dataclass(frozen=True, slots=True)
class CallSecrets:
    """Secrets, as one call reads them."""

    secrets: Secrets
    ledger: Ledger

    def get(self, name: str) -> str:
        """The secret. Raises ToolFailed, which says how to set it."""
        found = self.secrets.get(name)
        self.ledger.take(PRIVATE)
        return found


@dataclass(frozen=True, slots=True)
class CallArtifacts:
    """Long texts, as one call adds to them and reads them."""

    artifacts: Artifacts
    ledger: Ledger
    label: Callable[[], Label]
    """Of all that the session has met: what it has kept whole is made of that."""

    def add(self, text: str, name: str = "") -> str:
        """Keep a text and return what it is called."""
        return self.artifacts.add(text, name)

    def get(self, ref: str) -> str:
        """The whole text of one of this session. Raises ToolFailed where there is none of that id."""
        found = self.artifacts.get(ref)
        self.ledger.take(self.label())
        return found


@dataclass(frozen=True, slots=True)
class EnvironmentSecrets:
    """Secrets of one plugin, from variables called ROOKERY_SECRET_PLUGIN_NAME."""

    plugin: str
    environ: Mapping[str, str] = field(repr=False)

    def get(self, name: str) -> str:
        """The secret. Raises ToolFailed, which says how to set it."""
        variable = secret_variable(self.plugin, name)
        if value := self.environ.get(variable):
            return value
        raise ToolFailed(
            f"the secret {name} of the plugin {self.plugin} is not set: set {variable} in the environment that Rookery "
            "is started in"
        )


def secret_variable(plugin: str, name: str) -> str:
    """The environment variable that holds a plugin's secret."""
    return re.sub(r"\W", "_", f"ROOKERY_SECRET_{plugin}_{name}").upper()


def in_a_thread() -> None:
    """Raise RuntimeError where waiting would hold up an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("this waits, so an async tool calls it in a thread: await asyncio.to_thread(...)")
