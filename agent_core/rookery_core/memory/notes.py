"""Notes: what the person asked to be remembered, word for word."""

from __future__ import annotations

from collections.abc import Callable

from rookery_core.memory.query import match_any
from rookery_core.store.db import Store
from rookery_core.text import storable


class Notes:
    """The person's notes; safe from any thread, since tools use it from theirs."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def add(self, text: str) -> str:
        """Keep a note and return its id; the same text twice is kept once."""
        text = self._store.redact(storable(text))
        with self._store.writing() as db:
            known = db.conn.execute("SELECT id FROM notes WHERE text = ?", [text]).fetchone()
            if known:
                return str(known[0])
            made = db.conn.execute("INSERT INTO notes (text, at) VALUES (?, ?)", [text, self._clock()])
            return str(made.lastrowid)

    def search(self, query: str, limit: int = 5) -> list[tuple[str, str]]:
        """The notes that fit best, as (id, text); a query without words gives the newest."""
        match = match_any(query)
        with self._store.reading() as db:
            if match:
                rows = db.conn.execute(
                    "SELECT n.id, n.text FROM notes_fts f JOIN notes n ON n.id = f.rowid "
                    "WHERE notes_fts MATCH ? ORDER BY bm25(notes_fts) LIMIT ?",
                    [match, limit],
                ).fetchall()
            else:
                rows = db.conn.execute("SELECT id, text FROM notes ORDER BY id DESC LIMIT ?", [limit]).fetchall()
        return [(str(ref), text) for ref, text in rows]

    def forget(self, ref: str) -> bool:
        """Delete a note; False when there is none of that id."""
        with self._store.writing() as db:
            gone = db.conn.execute("DELETE FROM notes WHERE id = ?", [int(ref)] if ref.isdecimal() else [-1])
            return gone.rowcount > 0
