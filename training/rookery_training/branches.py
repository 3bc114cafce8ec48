"""What a group holds: one list of tools, and the conversations that go on from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rookery_core.model.base import Message
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


@dataclass(frozen=True, slots=True)
class Group:
    system: Message
    registry: Registry
    branches: tuple[Branch, ...]
