"""The database: what is stored, and what is said when it cannot be."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from sqlite_utils import Database

from rookery_core.approval.taint import OWN, UNLABELLED, Label, Ledger, Source
from rookery_core.errors import SessionBusy, SessionUnknown, StoreBroken, StoreLocked, StoreNewer
from rookery_core.events import (
    ToolFinished,
    ToolProgress,
    ToolRequested,
    ToolStarted,
    ToolStatus,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.memory.episodic import Episode, Episodes
from rookery_core.memory.notes import Notes
from rookery_core.memory.retrieve import recall
from rookery_core.paths import private_file
from rookery_core.plugin import Risk
from rookery_core.store import db
from rookery_core.store.audit import audited
from rookery_core.store.calls import CallRecord
from rookery_core.store.db import Store
from rookery_core.store.migrations import migrations
from rookery_core.store.plugin_data import PluginData, not_trusted, vouch
from rookery_core.store.sessions import Kind, Sessions
from rookery_core.usage import Usage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rookery.db"


def started(text: str, turn: int = 1) -> TurnStarted:
    return TurnStarted(text=text, strategy="react", workspace="/w", turn=turn, at=float(turn))


def ended(turn: int = 1) -> TurnEnded:
    return TurnEnded(status=TurnStatus.ANSWERED, steps=1, usage=Usage(), seconds=1.0, turn=turn, at=float(turn) + 0.5)


def test_a_session_is_its_events_and_comes_back_as_they_were(path: Path) -> None:
    store = Store(path)
    log = Sessions(store).create(Path("/w"))
    kept = [log.append(started("hello\nworld")), log.append(ended())]
    log.close()
    store.close()
    again = Sessions(Store(path))
    assert again.events(log.id) == kept
    summary = again.get(log.id)
    assert (summary.title, summary.turns, summary.workspace) == ("hello world", 1, "/w")
    reopened = again.open(log.id[:12])
    assert (reopened.turns, reopened.next_seq) == (1, 3)


def test_a_session_without_a_turn_leaves_nothing_behind(path: Path) -> None:
    sessions = Sessions(Store(path))
    log = sessions.create(Path("/w"))
    log.append(ended(turn=0))
    log.close()
    assert sessions.recent() == []
    assert list((path.parent / "locks").iterdir()) == []


def asked(call: str) -> ToolRequested:
    return ToolRequested(call_id=call, tool="x", arguments={})


def begun(call: str, risk: Risk) -> ToolStarted:
    return ToolStarted(call_id=call, tool="kit.x", risk=risk, arguments={})


def done(call: str) -> ToolFinished:
    return ToolFinished(call_id=call, tool="x", status=ToolStatus.OK, output="")


def test_calls_outside_of_conversations_are_kept_and_are_no_conversation(path: Path) -> None:
    sessions = Sessions(Store(path))
    record = CallRecord(sessions, Kind.HAND, Path("/w"), lambda: 7.0)
    assert sessions.recent(every=True) == []
    for event in (asked("1"), begun("1", Risk.PURE), ToolProgress(call_id="1", text="half"), done("1")):
        record.keep(event)
    record.close()
    assert sessions.recent() == []
    assert sessions.newest() is None
    for look in (sessions.get, sessions.open):
        with pytest.raises(SessionUnknown):
            look(record.session)
    (kept,) = sessions.recent(every=True)
    assert kept == sessions.get("hand-", every=True)
    assert (kept.workspace, kept.created_at, kept.turns) == ("/w", 7.0, 0)
    assert [event.kind for event in sessions.events(kept.id)] == ["tool_requested", "tool_started", "tool_finished"]
    assert [call.status for call in audited(kept.id, sessions.events(kept.id))] == ["ok"]


def test_what_a_call_is_to_change_is_stored_for_good_before_it_begins_whatever_else_is_called(path: Path) -> None:
    class Watched(Store):
        durable: ClassVar[list[bool]] = []

        @contextmanager
        def writing(self, *, durable: bool = False) -> Iterator[Database]:
            self.durable.append(durable)
            with super().writing(durable=durable) as db:
                yield db

    store = Watched(path)
    record = CallRecord(Sessions(store), Kind.MCP, Path("/w"))
    record.keep(asked("1"))
    assert store.durable == []
    record.keep(begun("1", Risk.WRITE))
    assert store.durable == [True]
    with Store(path).reading() as db:
        assert [kind for (kind,) in db.conn.execute("SELECT kind FROM events ORDER BY seq")] == [
            "tool_requested",
            "tool_started",
        ]
    record.keep(asked("2"))
    record.keep(begun("2", Risk.READ))
    assert store.durable == [True]
    record.keep(done("1"))
    record.keep(done("2"))
    assert store.durable == [True, True, False]


def test_a_session_is_open_in_one_program_at_a_time(path: Path) -> None:
    sessions = Sessions(Store(path))
    log = sessions.create(Path("/w"))
    log.append(started("x"))
    other = (
        "import sys; from pathlib import Path; from rookery_core.store.db import Store\n"
        "from rookery_core.store.sessions import Sessions; from rookery_core.errors import SessionBusy\n"
        "try: Sessions(Store(Path(sys.argv[1]))).open(sys.argv[2])\n"
        "except SessionBusy as e: print(e)\n"
    )
    run = [sys.executable, "-c", other, str(path), log.id]
    assert "is open in another Rookery" in subprocess.run(run, capture_output=True, text=True, check=True).stdout
    log.close()
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == ""
    held = sessions.open(log.id)
    with pytest.raises(SessionBusy):
        sessions.open(held.id)


def test_an_unknown_or_ambiguous_session_is_said(path: Path) -> None:
    sessions = Sessions(Store(path))
    for _ in range(2):
        log = sessions.create(Path("/w"))
        log.append(started("x"))
    with pytest.raises(SessionUnknown, match="sessions list"):
        sessions.get("nope")
    with pytest.raises(SessionUnknown, match="several"):
        sessions.get(log.id[:4])
    with pytest.raises(SessionUnknown):
        sessions.get("")


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"this is not a database, but a letter to a friend" * 50)
    before = path.read_bytes()
    with pytest.raises(StoreBroken, match="not a usable database"):
        Store(path)
    assert path.read_bytes() == before


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('rookery', 'm999_future', '2099')"
        )
    with pytest.raises(StoreNewer, match="m999_future"):
        Store(path)


def test_a_database_of_before_is_copied_before_its_tables_are_changed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="m006_labels")
    insert = "INSERT INTO notes (id, text, at) VALUES (1, 'the dog is called Rex', 1.0)"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(insert)
    earlier = path.with_name(f"{path.name}.before-m004_audit")
    earlier.write_bytes(b"")

    store = Store(path)
    assert [note.text for note in Notes(store, lambda: 1.0).all()] == ["the dog is called Rex"]
    store.close()
    (kept,) = path.parent.glob(f"{path.name}.before-*")
    assert kept.name == f"{path.name}.before-m006_labels"
    with closing(sqlite3.connect(kept)) as copy:
        assert copy.execute("SELECT text FROM notes").fetchall() == [("the dog is called Rex",)]
        assert "label" not in [row[1] for row in copy.execute("PRAGMA table_info(notes)")]
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600

    before = kept.stat().st_mtime_ns
    Store(path).close()
    assert kept.stat().st_mtime_ns == before, "nothing was to be changed, and the copy is still of before"


def test_a_new_database_needs_no_copy(path: Path) -> None:
    Store(path).close()
    assert [*path.parent.glob("*.before-*"), *path.parent.glob("*.copying")] == []


def test_where_it_cannot_be_copied_its_tables_stay_as_they_are(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(path)) as connection:
        migrations.apply(Database(connection), stop_before="m006_labels")

    def full(file: Path) -> None:
        if file.name.endswith(".copying"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        private_file(file)

    monkeypatch.setattr(db, "private_file", full)
    with pytest.raises(StoreBroken, match="No space left"):
        Store(path)
    with closing(sqlite3.connect(path)) as connection:
        assert [step.name for step in migrations.pending(Database(connection))] == ["m006_labels"]
    assert [*path.parent.glob("*.before-*"), *path.parent.glob("*.copying")] == []


def test_a_locked_database_is_said(path: Path, tmp_path: Path) -> None:
    store = Store(path, busy_timeout_s=0.05)
    log = Sessions(store).create(Path("/w"))
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreLocked, match="held by another program"):
        log.append(started("x"))
    holder.execute("ROLLBACK")
    log.append(started("x"))
    assert [event.seq for event in Sessions(store).events(log.id)] == [1]


def test_a_folder_where_the_file_should_be_is_said(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreBroken):
        Store(path)


def test_the_database_is_in_wal_mode(path: Path) -> None:
    with Store(path).reading() as db:
        assert db.journal_mode == "wal"


def test_episodes_are_found_by_their_words_and_operators_mean_nothing(path: Path) -> None:
    store = Store(path)
    log = Sessions(store).create(Path("/w"))
    log.append(started("x"))
    episodes = Episodes(store)
    for n, asked in enumerate(("How tall is the Eiffel tower?", "Bake a cake"), start=1):
        episodes.add(Episode(log.id, n, asked, "", "an answer", "answered", 1.0))
    assert [e.turn for e in episodes.search("tower height")] == [1]
    assert [e.turn for e in episodes.search('cake" OR NEAR( * AND -')] == [2]
    assert episodes.search("the of and") == []
    assert episodes.search("tower", but_session=log.id) == []


def test_notes_are_kept_once_found_and_forgotten(path: Path) -> None:
    notes = Notes(Store(path), lambda: 1.0)
    first = notes.add("the dog is called Rex")
    assert notes.add("the dog is called Rex") == first
    notes.add("the cat is called Tom")
    assert [(note.ref, note.text) for note in notes.search("dog name")] == [(first, "the dog is called Rex")]
    assert [note.text for note in notes.search("")] == ["the cat is called Tom", "the dog is called Rex"]
    assert notes.all() == notes.search("", 99)
    assert notes.forget(first)
    assert not notes.forget(first)
    assert not notes.forget("x; DROP TABLE notes")
    assert notes.search("dog") == []


WEB = Label(untrusted=(Source(kind="web", name="the page https://evil.example/"),))


def test_what_is_remembered_keeps_the_label_of_its_session_until_the_person_stands_for_it(path: Path) -> None:
    store = Store(path)
    log = Sessions(store).create(Path("/w"))
    log.append(started("x"))
    episodes, notes = Episodes(store), Notes(store, lambda: 1.0)
    episodes.add(Episode(log.id, 1, "capital of Peru", "", "Lima", "answered", 1.0, WEB))
    ref = notes.add("Peru has llamas", WEB, log.id)
    (note,) = notes.search("Peru")
    assert (note.label, note.session) == (WEB, log.id)

    def again() -> list[tuple[str, ...]]:
        items = recall("capital of Peru", episodes=episodes, notes=notes, session="other", limit=3)
        assert all(item.label is not None and item.label.private for item in items)
        return [tuple(source.name for source in item.label.untrusted) for item in items if item.label]

    after = ", which was kept after the page https://evil.example/"
    assert again() == [(f"the note {ref}{after}",), (f"turn 1 of the session {log.id}{after}",)]
    assert notes.vouch(ref)
    assert episodes.vouch(log.id, 1)
    assert again() == [(), ()]
    assert not notes.vouch("99")
    assert not notes.vouch("1; DROP TABLE notes")
    assert not episodes.vouch(log.id, 2)


def test_a_secret_in_an_address_is_not_kept_with_a_label(path: Path) -> None:
    notes = Notes(Store(path, redact=lambda text: text.replace("hunter2", "[secret]")), lambda: 1.0)
    notes.add("x", Label(untrusted=(Source(kind="web", name='the page https://a.example/?key=hunter2"\udcff'),)))
    assert notes.all()[0].label.untrusted[0].name == 'the page https://a.example/?key=[secret]"\\udcff'


def test_what_was_remembered_before_there_were_labels_is_not_trusted(path: Path) -> None:
    store = Store(path)
    notes = Notes(store, lambda: 1.0)
    notes.add("the dog is called Rex")
    with store.writing() as db:
        db.execute("UPDATE notes SET label = NULL")
    assert notes.all()[0].label == UNLABELLED
    with store.writing() as db:
        db.execute("UPDATE notes SET label = 'no label'")
    assert notes.all()[0].label == UNLABELLED


def test_what_a_plugin_keeps_has_the_label_of_the_session_and_of_what_was_read_for_it(path: Path) -> None:
    store = Store(path)
    PluginData(store, "tasks", Ledger(WEB)).set("list", ["a"])
    reading = Ledger(OWN)
    assert PluginData(store, "tasks", reading).get("list") == ["a"]
    assert [source.name for source in reading.took.untrusted] == [
        "what the plugin tasks keeps as list, which was kept after the page https://evil.example/"
    ]
    PluginData(store, "tasks", reading).set("other", [])
    assert [(plugin, key) for plugin, key, _ in not_trusted(store)] == [("tasks", "list"), ("tasks", "other")]
    assert vouch(store, "tasks", "list")
    assert vouch(store, "tasks", "other")
    assert not vouch(store, "tasks", "none")
    assert not not_trusted(store)
    PluginData(store, "tasks", Ledger(OWN)).set("list", [])
    assert not not_trusted(store)


def test_only_what_clearly_fits_is_recalled(path: Path) -> None:
    store = Store(path)
    log = Sessions(store).create(Path("/w"))
    log.append(started("x"))
    episodes, notes = Episodes(store), Notes(store, lambda: 1.0)
    episodes.add(Episode(log.id, 1, "capital of Peru", "", "Lima", "answered", 1.0))
    episodes.add(Episode(log.id, 2, "capital of Chile", "", "", "failed", 1.0))
    notes.add("The person lives in Peru")

    def found(query: str) -> list[str]:
        return [f"{r.source}:{r.ref}" for r in recall(query, episodes=episodes, notes=notes, session="other", limit=3)]

    assert found("What is the capital of Peru?") == ["note:1", f"episode:{log.id}/1"]
    assert found("What is the capital of Chile?") == [f"episode:{log.id}/1"]
    assert found("Write a poem about the sea") == []


def test_what_tools_said_to_the_same_request_is_not_recalled(path: Path) -> None:
    store = Store(path)
    log = Sessions(store).create(Path("/w"))
    log.append(started("x"))
    episodes, notes = Episodes(store), Notes(store, lambda: 1.0)
    for turn in range(1, 9):
        episodes.add(Episode(log.id, turn, "What did we spend on food?", "query_table", "4.20", "answered", 1.0))
    episodes.add(Episode(log.id, 9, "spend less on food", "", "Cook more.", "answered", 1.0))

    def found(query: str, limit: int = 3) -> list[int]:
        items = recall(query, episodes=episodes, notes=notes, session="other", limit=limit)
        return [int(item.ref.partition("/")[2]) for item in items]

    assert found("what did we spend on food") == [9]
    assert len(found("what did we spend on food and drinks")) == 3


def test_half_a_character_is_stored_as_its_escape(path: Path) -> None:
    store = Store(path)
    log = Sessions(store).create(Path("/a\udcff"))
    log.append(TurnStarted(turn=1, text="hi", strategy="react", workspace="/a\udcff"))
    log.append(ToolStarted(turn=1, call_id="1", tool="f", arguments={"k\ud800": ["\ud800"]}))
    _, started = Sessions(store).events(log.id)
    assert isinstance(started, ToolStarted)
    assert started.arguments == {"k\\ud800": ["\\ud800"]}
    log.close()
    store.close()


def test_an_unreadable_event_is_told_from_one_of_a_newer_program(path: Path) -> None:
    store = Store(path)
    log = Sessions(store).create(Path("/w"))
    log.append(TurnStarted(turn=1, text="hi", strategy="react", workspace="/w"))
    for body, error in (('{"kind": "of_the_future"}', StoreNewer), ('{"kind": "turn_started"}', StoreBroken)):
        with store.writing() as db:
            db.conn.execute("UPDATE events SET body = ?", [body])
        with pytest.raises(error):
            Sessions(store).events(log.id)
    log.close()
    store.close()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_what_was_said_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        store = Store(tmp_path / "new" / "rookery.db")
        log = Sessions(store).create(Path("/w"))
        log.append(TurnStarted(turn=1, text="hi", strategy="react", workspace="/w"))
        for made in (tmp_path / "new").rglob("*"):
            assert made.stat().st_mode & 0o077 == 0, made
        log.close()
        store.close()
    finally:
        os.umask(before)
