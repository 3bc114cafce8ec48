"""What the host lends a tool for one call: the workspace, the person, notes, data of its own, secrets, the model.

Says what can be done, and not how: in a process of its own a plugin gets the same things over a wire.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from rookery_core.errors import ToolFailed
from rookery_core.sandbox.box import Sandbox
from rookery_core.workspace import Workspace


class Memory(Protocol):
    """The person's notes, as a tool may use them."""

    def add(self, text: str) -> str:
        """Keep a note and return its id."""

    def search(self, query: str, limit: int = 5) -> list[tuple[str, str]]:
        """The notes that fit best, as (id, text); an empty query gives the newest."""

    def forget(self, ref: str) -> bool:
        """Delete a note; False when there is none of that id."""


class Data(Protocol):
    """Values that a plugin keeps from one call, and one session, to the next; no other plugin sees them."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, as JSON has it: a tuple comes back as a list."""

    def set(self, key: str, value: Any) -> None:
        """Keep a value that JSON can say. Raises ToolFailed for another, and beyond 1 MB."""

    def delete(self, key: str) -> bool:
        """Forget a key; False when there is none."""

    def keys(self, prefix: str = "") -> list[str]:
        """The keys with this beginning, sorted."""


class Artifacts(Protocol):
    """Texts that are too long for the model, kept with the session they are from."""

    def add(self, text: str, name: str = "") -> str:
        """Keep a text and return what it is called from then on."""

    def get(self, ref: str) -> str:
        """The whole text. Raises ToolFailed where there is none of that id."""


class Secrets(Protocol):
    """Keys and passwords that the person gave for this plugin; the model never sees them."""

    def get(self, name: str) -> str:
        """The secret of that name. Raises ToolFailed, which says how to set it."""


class Person(Protocol):
    """Whoever sits in front of the screen. Waiting for an answer does not count as the tool's time."""

    def confirm(self, question: str) -> bool:
        """Ask yes or no. False where nobody is there."""

    def ask(self, question: str, choices: Sequence[str] = ()) -> str:
        """Ask for one of the choices, or for any text where there are none. Raises ToolFailed where nobody is there."""


class TextModel(Protocol):
    """The model that the assistant uses, for a text of the tool's own."""

    def complete(self, prompt: str, *, max_tokens: int = 256) -> str:
        """What the model writes to a prompt. Raises ToolFailed where it cannot."""


class NotLent:
    """Stands for everything that a hand-made context has not: using it fails and says so."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ToolFailed(f"no {self._what} is lent to this call")


def _not_lent(what: str) -> Any:
    return NotLent(what)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What the host lends a tool for one call. A parameter annotated with this type receives it.

    Its methods wait, so an async tool calls them as `await asyncio.to_thread(ctx.person.confirm, "Go on?")`.
    """

    call_id: str
    workspace: Workspace
    cancelled: threading.Event
    """Set when the call is timed out or the turn is stopped; long loops look at it."""
    progress: Callable[[str], None]
    """Shows a line to the person while the tool runs; safe from any thread."""
    memory: Memory
    person: Person = field(default_factory=partial(_not_lent, "person"))
    data: Data = field(default_factory=partial(_not_lent, "data"))
    artifacts: Artifacts = field(default_factory=partial(_not_lent, "place for long texts"))
    secrets: Secrets = field(default_factory=partial(_not_lent, "secrets"))
    model: TextModel = field(default_factory=partial(_not_lent, "model"))
    sandbox: Sandbox = field(default_factory=partial(_not_lent, "sandbox"))
    """What confines the programs that the tool starts; of the tools that run inside Rookery."""
    approved: bool = False
    """Whether the person was asked about this very call, and allowed it."""
