"""Notes: what the person asked to be remembered, word for word, with the label of the session that it is from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rookery_core.approval.taint import OWN, Label, Ledger, recalled
from rookery_core.memory.query import match_any
from rookery_core.store.db import Store
from rookery_core.store.labels import read, written
from rookery_core.text import storable


@dataclass(frozen=True, slots=True)
class Note:
    """A note."""

    ref: str
    text: str
    label: Label
    """Of all that had been before whoever kept it."""
    session: str = ""
    """Where it was kept; "" where that is not known."""
    at: float = 0.0
    """Unix time."""


_NOTE = "n.id, n.text, n.label, n.session, n.at"


class Notes:
    """The person's notes; safe from any thread, since tools use it from theirs."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def add(self, text: str, label: Label = OWN, session: str = "") -> str:
        """Keep a note and return its id; the same text twice is kept once, with the label that it had."""
        text = self._store.redact(storable(text))
        with self._store.writing() as db:
            known = db.conn.execute("SELECT id FROM notes WHERE text = ?", [text]).fetchone()
            if known:
                return str(known[0])
            made = db.conn.execute(
                "INSERT INTO notes (text, at, label, session) VALUES (?, ?, ?, ?)",
                [text, self._clock(), written(label, self._store.redact), session],
            )
            return str(made.lastrowid)

    def search(self, query: str, limit: int = 5) -> list[Note]:
        """The notes that fit best; a query without words gives the newest."""
        match = match_any(query)
        with self._store.reading() as db:
            if match:
                rows = db.conn.execute(
                    f"SELECT {_NOTE} FROM notes_fts f JOIN notes n ON n.id = f.rowid "
                    "WHERE notes_fts MATCH ? ORDER BY bm25(notes_fts) LIMIT ?",
                    [match, limit],
                ).fetchall()
            else:
                rows = db.conn.execute(f"SELECT {_NOTE} FROM notes n ORDER BY n.id DESC LIMIT ?", [limit]).fetchall()
        return [Note(str(ref), text, read(label), session, at) for ref, text, label, session, at in rows]

    def all(self) -> list[Note]:
        """Every note, the newest first."""
        return self.search("", limit=-1)

    def forget(self, ref: str) -> bool:
        """Delete a note; False when there is none of that id."""
        return self._change("DELETE FROM notes WHERE id = ?", [], ref)

    def vouch(self, ref: str) -> bool:
        """Take a note for the person's own words, as they say that it is; False when there is none of that id."""
        return self._change("UPDATE notes SET label = ? WHERE id = ?", [written(OWN, self._store.redact)], ref)

    def _change(self, statement: str, values: list[str], ref: str) -> bool:
        with self._store.writing() as db:
            done = db.conn.execute(statement, [*values, int(ref) if ref.isdecimal() else -1])
            return done.rowcount > 0


@dataclass(frozen=True, slots=True)
class CallNotes:
    """The notes, as one call reads and adds to them."""

    notes: Notes
    ledger: Ledger
    session: str

    def add(self, text: str) -> str:
        """Keep a note and return its id."""
        return self.notes.add(text, self.ledger.gives, self.session)

    def search(self, query: str, limit: int = 5) -> list[tuple[str, str]]:
        """The notes that fit best, as (id, text); whoever reads them has read all that they were made of."""
        found = self.notes.search(query, limit)
        for note in found:
            self.ledger.take(recalled(note.label, f"the note {note.ref}"))
        return [(note.ref, note.text) for note in found]

    def forget(self, ref: str) -> bool:
        """Delete a note; False when there is none of that id."""
        return self.notes.forget(ref)
