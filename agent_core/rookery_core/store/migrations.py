"""The database's tables, one named step after another; a step that has been released is never changed."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from rookery_core.store.chain import EVENTS, link

migrations = Migrations("rookery")


@migrations()
def m001_sessions_and_events(db: Database) -> None:
    """A session is its events, in order."""
    db.execute(
        """
        CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            title TEXT NOT NULL,
            workspace TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            turns INTEGER NOT NULL DEFAULT 0
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE events (
            session TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
            seq INTEGER NOT NULL,
            turn INTEGER NOT NULL,
            kind TEXT NOT NULL,
            at REAL NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (session, seq)
        ) STRICT, WITHOUT ROWID
        """
    )


@migrations()
def m002_memory(db: Database) -> None:
    """Episodes say what was asked, done, and how it ended; notes are what the person wanted kept."""
    db.execute(
        """
        CREATE TABLE episodes (
            id INTEGER PRIMARY KEY,
            session TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
            turn INTEGER NOT NULL,
            asked TEXT NOT NULL,
            done TEXT NOT NULL,
            answer TEXT NOT NULL,
            status TEXT NOT NULL,
            at REAL NOT NULL,
            UNIQUE (session, turn)
        ) STRICT
        """
    )
    db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at REAL NOT NULL) STRICT")
    db.table("episodes").enable_fts(["asked", "done", "answer"], tokenize="unicode61", create_triggers=True)
    db.table("notes").enable_fts(["text"], tokenize="unicode61", create_triggers=True)


@migrations()
def m003_plugins(db: Database) -> None:
    """What plugins keep for themselves, and texts that were too long for the model."""
    db.execute(
        "CREATE TABLE plugin_data (plugin TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, "
        "PRIMARY KEY (plugin, key)) STRICT, WITHOUT ROWID"
    )
    db.execute(
        """
        CREATE TABLE artifacts (
            id INTEGER PRIMARY KEY,
            session TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
            call TEXT NOT NULL,
            name TEXT NOT NULL,
            text TEXT NOT NULL,
            at REAL NOT NULL
        ) STRICT
        """
    )
    db.execute("CREATE INDEX artifacts_by_session ON artifacts (session)")


@migrations()
def m004_audit(db: Database) -> None:
    """Each event's place in the chain of hashes; what was stored before is put into it as it is found."""
    db.execute(
        "CREATE TABLE audit (n INTEGER PRIMARY KEY, session TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL, "
        "UNIQUE (session, seq)) STRICT"
    )
    link(db, db.conn.execute(f"{EVENTS} ORDER BY at, session, seq").fetchall())


@migrations()
def m005_kinds_of_sessions(db: Database) -> None:
    """A session is a conversation, or calls that were made outside of one."""
    db.execute("ALTER TABLE sessions ADD COLUMN kind TEXT NOT NULL DEFAULT 'chat'")


@migrations()
def m006_labels(db: Database) -> None:
    """What is remembered has the label of the session that it is from; NULL: it was kept before there were labels."""
    for table in ("episodes", "notes", "plugin_data"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN label TEXT")
    db.execute("ALTER TABLE notes ADD COLUMN session TEXT NOT NULL DEFAULT ''")
