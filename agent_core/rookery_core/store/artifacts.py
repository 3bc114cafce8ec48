"""Texts that are too long for the model: what a call returned in full, and what a tool keeps beside its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rookery_core.errors import ToolFailed
from rookery_core.store.db import Store
from rookery_core.text import cut_middle, storable

TEXT_CHARS = 4_000_000


@dataclass(frozen=True, slots=True)
class CallArtifacts:
    """The texts of one session, as one call adds to them; safe from any thread."""

    store: Store
    session: str
    call: str
    clock: Callable[[], float]
    """Unix time."""

    def add(self, text: str, name: str = "") -> str:
        """Keep a text, the middle of a very long one left out, and return what it is called."""
        kept, _ = cut_middle(self.store.redact(storable(text)), TEXT_CHARS)
        with self.store.writing() as db:
            made = db.conn.execute(
                "INSERT INTO artifacts (session, call, name, text, at) VALUES (?, ?, ?, ?, ?)",
                [self.session, self.call, storable(name), kept, self.clock()],
            )
            return str(made.lastrowid)

    def get(self, ref: str) -> str:
        """The whole text of one of this session. Raises ToolFailed where there is none of that id."""
        with self.store.reading() as db:
            found = db.conn.execute(
                "SELECT text FROM artifacts WHERE id = ? AND session = ?",
                [int(ref) if ref.isdecimal() else -1, self.session],
            ).fetchone()
        if found is None:
            raise ToolFailed(f"there is no text {ref} in this session")
        return str(found[0])
