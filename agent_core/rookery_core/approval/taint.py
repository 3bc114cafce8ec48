"""What is to be known of a text that a model reads: whether it is private, and whose word it is.

A label is given when a text comes into being, and stored with it; what a session has met is a fold over the stored
labels (`exposure`). What the person and the program say has the empty label. Knows no event and no tool.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rookery_core.envelope import Record
from rookery_core.text import one_line

MOST_SOURCES = 5
"""Of more, a label keeps the newest."""
NAME_CHARS = 300

Kind = Literal["web", "server", "plugin", "program", "agent", "memory", "unknown"]
"""What a source is, in the word that the status line has for it."""


class Source(Record):
    """Where a text is from whose words are not the person's."""

    kind: Kind
    name: str
    """Which one, in words: `the page https://example.org/`."""

    @classmethod
    def of(cls, kind: Kind, name: str) -> Source:
        """One whose name is on one line, and not too long."""
        return cls(kind=kind, name=one_line(name, NAME_CHARS))


class Label(Record):
    """What is to be known of a text; the empty one is that of the person's and the program's own words."""

    private: bool = False
    """Whether it may hold what is not for everyone: something of the workspace, the memory, a secret."""
    untrusted: tuple[Source, ...] = ()
    """Who else may have written in it, so that it is not to be obeyed; empty: nobody else."""

    def __or__(self, other: Label) -> Label:
        """The label of a text that was made of both: whatever is true of a part is true of the whole."""
        sources = tuple(dict.fromkeys((*self.untrusted, *other.untrusted)))[-MOST_SOURCES:]
        return Label(private=self.private or other.private, untrusted=sources)


OWN = Label()
"""Of what the person or the program says."""
PRIVATE = Label(private=True)
"""Of what was read in the workspace, or of what the person had kept."""
UNLABELLED = Label(
    private=True,
    untrusted=(Source(kind="unknown", name="something that was stored before it was noted where things come from"),),
)
"""Of what was stored without a label, by an older Rookery: anything may be in it."""


def joined(labels: Iterable[Label]) -> Label:
    """The label of what was made of all of these: so a parent takes over those of what it had done for it."""
    made = OWN
    for label in labels:
        made |= label
    return made


def recalled(label: Label, what: str) -> Label:
    """The label of something that was kept, as it is read again: it is private, and no better than what it was made of.

    `what` names it: `the note 3`.
    """
    if not label.untrusted:
        return PRIVATE
    after = " and ".join(source.name for source in label.untrusted[-2:])
    return Label(private=True, untrusted=(Source.of("memory", f"{what}, which was kept after {after}"),))


class Ledger:
    """What passes between one call and what it is lent, by the labels; from any thread."""

    def __init__(self, before: Label) -> None:
        """`before` is the label of all that led to the call."""
        self._before = before
        self.took = OWN
        """Of all that it has read from what it is lent."""

    def take(self, label: Label) -> None:
        """It has read something."""
        self.took |= label

    def work(self, label: Label) -> None:
        """The call's tool is one whose results have this label; so has what it keeps, which may be the same."""
        self._before |= label

    @property
    def gives(self) -> Label:
        """Of what it keeps for later."""
        return self._before | self.took
