"""Sessions: an append-only log of events each, listed, reopened, searched and exported."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from rookery_core.errors import SessionBusy, SessionUnknown, StoreBroken, StoreNewer
from rookery_core.event_json import dump_event, load_event
from rookery_core.events import AnyEvent, Event, ToolFinished, ToolStarted
from rookery_core.paths import PRIVATE_FILE, private_folder
from rookery_core.store.chain import link, mirror_of, write_mirror
from rookery_core.store.db import Store
from rookery_core.text import one_line, storable

_DURABLE = frozenset({"turn_started", "turn_ended"})
"""Events whose commit survives a power failure; so does a call that may change something, and its end."""
_HARMLESS = frozenset({"pure", "read"})
_WITH_THE_NEXT = frozenset(
    {"memory_recalled", "step_started", "prompt_built", "generated", "thought_formed", "tool_requested", "answered"}
)
"""Events that are written together with the next one, which follows at once or says what came of them."""


class Kind(StrEnum):
    """What a session is."""

    CHAT = "chat"
    """A conversation."""
    HAND = "hand"
    """Calls that the person made by hand."""
    MCP = "mcp"
    """Calls that another assistant made."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One line of the list of sessions."""

    id: str
    title: str
    workspace: str
    created_at: float
    updated_at: float
    turns: int


class SessionLog:
    """One open session: stored from its first turn on, and held by one program at a time.

    One that is no conversation has no turns, and is stored from its first call on.
    """

    def __init__(
        self, store: Store, session: str, workspace: Path, kind: Kind = Kind.CHAT, *, stored: bool = False
    ) -> None:
        self.id = session
        self.events: list[Event] = []
        self.turns = 0
        self._store = store
        self._kind = kind
        self._workspace = workspace
        self._stored = stored
        self._waiting: list[Event] = []
        self._effects: set[str] = set()
        """The calls that may change something, or have."""
        self._lock = FileLock(_lock_path(store, session), timeout=0, mode=PRIVATE_FILE)
        try:
            self._lock.acquire()
        except Timeout as exc:
            raise SessionBusy(
                f"session {session} is open in another Rookery. Close it there, or start a new session."
            ) from exc

    def append(self, event: Event) -> Event:
        """Store the event, numbered; what comes before the first turn waits for it, and so do steps on the way."""
        event = event.model_copy(update={"session": self.id, "seq": self.next_seq})
        self._waiting.append(event)
        waits = self._waits(event)
        if not waits and (self._stored or event.kind == "turn_started" or self._kind is not Kind.CHAT):
            self._flush(event)
        self.events.append(event)
        self.turns = max(self.turns, event.turn)
        return event

    @property
    def next_seq(self) -> int:
        """The number that the next stored event gets."""
        return len(self.events) + 1

    def close(self) -> None:
        """Let other programs open the session."""
        Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()

    def _waits(self, event: Event) -> bool:
        """Whether it is written with the next one."""
        if isinstance(event, ToolStarted):
            if event.risk not in _HARMLESS:
                self._effects.add(event.call_id)
            return event.call_id not in self._effects
        return event.kind in _WITH_THE_NEXT

    def _flush(self, newest: Event) -> None:
        kind = newest.kind
        durable = kind in _DURABLE or (
            isinstance(newest, ToolStarted | ToolFinished) and newest.call_id in self._effects
        )
        redact = self._store.redact
        rows = [(e.session, e.seq or 0, e.turn, e.kind, e.at, dump_event(e, redact)) for e in self._waiting]
        try:
            with self._store.writing(durable=durable) as db:
                if not self._stored:
                    title = one_line(redact(getattr(newest, "text", "")), 80)
                    db.conn.execute(
                        "INSERT INTO sessions (id, title, workspace, created_at, updated_at, kind) "
                        "VALUES (?, ?, ?, ?, ?, ?)",
                        [self.id, title, storable(str(self._workspace)), newest.at, newest.at, str(self._kind)],
                    )
                db.conn.executemany(
                    "INSERT INTO events (session, seq, turn, kind, at, body) VALUES (?, ?, ?, ?, ?, ?)", rows
                )
                lines = link(db, rows)
                if kind in ("turn_started", "turn_ended") or self._kind is not Kind.CHAT:
                    db.conn.execute(
                        "UPDATE sessions SET updated_at = ?, turns = ? WHERE id = ?", [newest.at, newest.turn, self.id]
                    )
        except BaseException:
            self._waiting.pop()
            raise
        self._stored = True
        self._waiting.clear()
        with suppress(OSError):  # the record itself is safe; `verify` says what the file lacks
            write_mirror(mirror_of(self._store.path), lines)


class Sessions:
    """All sessions of one database."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def create(self, workspace: Path, kind: Kind = Kind.CHAT) -> SessionLog:
        """A new session; nothing is stored before its first turn, or call."""
        day = time.strftime("%Y%m%d", time.localtime(self._clock()))
        name = f"{day}-{secrets.token_hex(3)}"
        return SessionLog(self._store, name if kind is Kind.CHAT else f"{kind}-{name}", workspace, kind)

    def open(self, session: str) -> SessionLog:
        """A stored conversation, to go on with. Raises SessionUnknown, SessionBusy."""
        summary = self.get(session)
        log = SessionLog(self._store, summary.id, Path(summary.workspace), stored=True)
        try:  # only once it is held is what is read the last word
            log.events.extend(self.events(summary.id))
        except BaseException:
            log.close()
            raise
        log.turns = max(event.turn for event in log.events)
        return log

    def get(self, session: str, *, every: bool = False) -> SessionSummary:
        """The conversation, or session of `every` kind, of that id or the only one that begins so; SessionUnknown."""
        rows = self._rows("(id = ? OR substr(id, 1, length(?)) = ?) ORDER BY id", [session, session, session], every)
        exact = [row for row in rows if row.id == session]
        if len(exact or rows) != 1 or not session:
            several = ", ".join(row.id for row in rows[:5])
            raise SessionUnknown(
                f"{session!r} is the start of several sessions: {several}"
                if rows and session
                else f"there is no session {session!r}; `rookery sessions list` shows those there are"
            )
        return (exact or rows)[0]

    def newest(self) -> SessionSummary | None:
        """The conversation that was used last; None when there is none."""
        return next(iter(self.recent(limit=1)), None)

    def recent(self, limit: int = 50, *, every: bool = False) -> list[SessionSummary]:
        """Conversations, or sessions of `every` kind, the last used first."""
        return self._rows("TRUE ORDER BY updated_at DESC, id LIMIT ?", [limit], every)

    def events(self, session: str) -> list[AnyEvent]:
        """All events of a session, in order; SessionUnknown."""
        with self._store.reading() as db:
            rows = db.conn.execute("SELECT body FROM events WHERE session = ? ORDER BY seq", [session]).fetchall()
        if not rows:
            raise SessionUnknown(f"there is no session {session!r}")
        try:
            return [load_event(body) for (body,) in rows]
        except ValidationError as exc:
            if any(error["type"] == "union_tag_invalid" for error in exc.errors()):
                raise StoreNewer(
                    f"session {session} holds an event that this Rookery does not know, so a newer one wrote it. "
                    "Upgrade with `pip install -U rookery`; nothing was changed."
                ) from exc
            raise StoreBroken(
                f"session {session} holds an event that cannot be read, so something else wrote to {self._store.path}. "
                "The other sessions are not affected; nothing was changed."
            ) from exc

    def _rows(self, where: str, parameters: list[object], every: bool) -> list[SessionSummary]:
        kinds = "TRUE" if every else f"kind = '{Kind.CHAT}'"
        with self._store.reading() as db:
            rows = db.conn.execute(
                f"SELECT id, title, workspace, created_at, updated_at, turns FROM sessions WHERE {kinds} AND {where}",
                parameters,
            ).fetchall()
        return [SessionSummary(*row) for row in rows]


def _lock_path(store: Store, session: str) -> str:
    folder = store.path.parent / "locks"
    private_folder(folder)
    return str(folder / f"{session}.lock")
