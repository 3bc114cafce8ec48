"""Episodes: what was asked in each turn, what was done, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from rookery_core.approval.taint import OWN, UNLABELLED, Label
from rookery_core.memory.query import match_any
from rookery_core.store.db import Store
from rookery_core.store.labels import read, written


@dataclass(frozen=True, slots=True)
class Episode:
    """One past turn."""

    session: str
    turn: int
    asked: str
    done: str
    """The tools that were called, in order; "" for none."""
    answer: str
    status: str
    at: float
    label: Label = UNLABELLED
    """Of its session, as it was at its end."""


class Episodes:
    """All past turns, searchable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, episode: Episode) -> None:
        """Keep a turn; a second one of the same number replaces it."""
        redact = self._store.redact
        with self._store.writing() as db:
            db.conn.execute(
                "INSERT OR REPLACE INTO episodes (session, turn, asked, done, answer, status, at, label) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    episode.session,
                    episode.turn,
                    redact(episode.asked),
                    episode.done,
                    redact(episode.answer),
                    episode.status,
                    episode.at,
                    written(episode.label, redact),
                ],
            )

    def vouch(self, session: str, turn: int) -> bool:
        """Take a turn for the person's own words, as they say that it is; False when there is none."""
        with self._store.writing() as db:
            done = db.conn.execute(
                "UPDATE episodes SET label = ? WHERE session = ? AND turn = ?",
                [written(OWN, self._store.redact), session, turn],
            )
            return done.rowcount > 0

    def search(self, query: str, limit: int = 20, *, but_session: str = "") -> list[Episode]:
        """The turns that fit the words best (bm25), the best first; nothing for a query without words."""
        match = match_any(query)
        if not match:
            return []
        with self._store.reading() as db:
            rows = db.conn.execute(
                "SELECT e.session, e.turn, e.asked, e.done, e.answer, e.status, e.at, e.label FROM episodes_fts f "
                "JOIN episodes e ON e.id = f.rowid WHERE episodes_fts MATCH ? AND e.session != ? "
                "ORDER BY bm25(episodes_fts) LIMIT ?",
                [match, but_session, limit],
            ).fetchall()
        return [
            Episode(session, turn, asked, done, answer, status, at, read(label))
            for session, turn, asked, done, answer, status, at, label in rows
        ]
