"""What a group holds: one list of tools, and the conversations that go on from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rookery_core.model.base import Message
from rookery_core.reasoning.step import ACTION, ANSWER, INPUT, THOUGHT
from rookery_core.tools.registry import Registry


@dataclass(slots=True)
class Branch:
    """One conversation after the tool list, and which of the assistant's messages are to be learnt."""

    messages: list[Message] = field(default_factory=list)
    learnt: list[int] = field(default_factory=list)
    """How many characters of each message are to be learnt, from its start; -1 is all, with the token that ends it."""
    about: str = ""
    """Which kind of situation it is."""
    request: str = ""
    """What the person said last."""
    says: tuple[str, ...] = ()
    """What its last answer has to say, where that is known."""

    def say(self, role: str, content: str, *, learn: int = -1) -> None:
        if role == "user":
            self.request = content
        self.messages.append(Message(role, content))  # type: ignore[arg-type]
        self.learnt.append(learn if role == "assistant" else 0)

    def call(self, thought: str, tool: str, arguments: Mapping[str, Any], *, learn: int = -1) -> None:
        """The assistant calls a tool."""
        given = json.dumps(arguments, ensure_ascii=False)
        self.say("assistant", f"{THOUGHT}{thought}\n{ACTION}{tool}\n{INPUT}{given}", learn=learn)

    def answer(self, thought: str, text: str, *, only_head: bool = False) -> None:
        """The assistant answers; of the words perhaps only what is before them is learnt."""
        head = f"{THOUGHT}{thought}\n{ANSWER}"
        self.say("assistant", head + text, learn=len(head.rstrip()) if only_head else -1)


@dataclass(frozen=True, slots=True)
class Group:
    system: Message
    registry: Registry
    branches: tuple[Branch, ...]
