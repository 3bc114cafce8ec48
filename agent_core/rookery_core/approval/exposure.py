"""What the model of a session has had before it: a fold over the labels in the session's stored events.

What was once read counts until the session ends, also when it has left the prompt: what came of it has not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

from rookery_core.approval.taint import MOST_SOURCES, OWN, UNLABELLED, Label, Source, joined
from rookery_core.events import Event, InputPerceived, MemoryRecalled, StepStarted, ToolFinished, TurnStarted

TOLD = 3
"""Of more sources a question names the newest."""


@dataclass(frozen=True, slots=True)
class Met:
    """A source that is not to be trusted, and when the session met it last."""

    source: Source
    step: int
    """Steps that had begun in the session by then."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a session has met so far."""

    private: bool = False
    """Whether anything private was read."""
    met: tuple[Met, ...] = ()
    """Sources that are not to be trusted, the newest last; empty: there were none."""
    steps: int = 0
    """Steps that have begun, in all turns."""
    said: tuple[str, ...] = ()
    """The person's own messages."""

    def after(self, event: Event) -> Exposure:
        """The same once this event has happened; of agents it does not matter which it was."""
        match event:
            case StepStarted():
                return replace(self, steps=self.steps + 1)
            case TurnStarted(text=text, label=label):
                return replace(self, said=(*self.said, text)) if label == OWN else self.having_read(label)
            case MemoryRecalled(items=items):
                return self.having_read(joined(item.label or UNLABELLED for item in items))
            case InputPerceived(label=label) | ToolFinished(label=label):
                return self.having_read(label or UNLABELLED)
            case _:
                return self

    @property
    def label(self) -> Label:
        """Of whatever is made in this session: its answers, and what it has kept."""
        return Label(private=self.private, untrusted=tuple(met.source for met in self.met[-MOST_SOURCES:]))

    @property
    def leaks(self) -> bool:
        """Whether somebody else's words and private things are before the model together."""
        return self.private and bool(self.met)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of what is not to be trusted, in a word each, in the order in which they were last met."""
        return tuple(dict.fromkeys(met.source.kind for met in self.met))

    def told(self) -> tuple[str, ...]:
        """What is not to be trusted and when it was read, the newest first, for a question."""
        lines = [f"{met.source.name}, read {_ago(self.steps - met.step)}" for met in self.met[: -TOLD - 1 : -1]]
        more = len(self.met) - len(lines)
        return (*lines, f"and {more} more") if more else tuple(lines)

    def having_read(self, label: Label) -> Exposure:
        """The same once a text of this label was before the model."""
        if label == OWN:
            return self
        new = tuple(Met(source, self.steps) for source in label.untrusted)
        kept = tuple(met for met in self.met if met.source not in label.untrusted)
        return replace(self, private=self.private or label.private, met=(*kept, *new))


CLEAN = Exposure()
"""Nothing but the person's and the program's own words."""


def exposure_of(events: Iterable[Event]) -> Exposure:
    """What a session has met after these events."""
    return reduce(Exposure.after, events, CLEAN)


def _ago(steps: int) -> str:
    match steps:
        case 0:
            return "in this step"
        case 1:
            return "1 step ago"
        case _:
            return f"{steps} steps ago"
