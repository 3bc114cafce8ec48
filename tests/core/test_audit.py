"""The record of what was done: whoever changes it afterwards is found out."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from rookery_core.events import ApprovalResolved, Decision, ToolFinished, ToolRequested, ToolStarted, ToolStatus
from rookery_core.store.audit import NEVER_RUN, UNKNOWN, audited
from rookery_core.store.chain import FIRST, Row, Verdict, hashed, mirror_of, verify
from rookery_core.store.db import Store
from rookery_core.store.sessions import SessionLog, Sessions
from tests.core.test_store import ended, started

ROW_SQL = "SELECT session, seq, turn, kind, at, body FROM events"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rookery.db"


def call(log: SessionLog, number: int, *, allowed: bool = True, finished: bool = True) -> None:
    name, arguments = f"c{number}", {"path": f"{number}.txt"}
    log.append(ToolRequested(call_id=name, tool="write_file", arguments=arguments, turn=1, at=1.1))
    decision = Decision.ONCE if allowed else Decision.DENY
    log.append(ApprovalResolved(call_id=name, decision=decision, by="person", turn=1, at=1.2))
    if allowed:
        log.append(
            ToolStarted(call_id=name, tool="files.write_file", risk="write", arguments=arguments, turn=1, at=1.3)
        )
    status = ToolStatus.OK if allowed else ToolStatus.DENIED
    if finished:
        log.append(ToolFinished(call_id=name, tool="write_file", status=status, output="done", seconds=0.5, turn=1))


def record(path: Path, sessions: int = 3) -> None:
    store = Store(path)
    for _ in range(sessions):
        log = Sessions(store).create(Path("/w"))
        log.append(started("write"))
        for number in range(3):
            call(log, number)
        log.append(ended())
        log.close()
    store.close()


def verdict(path: Path) -> Verdict:
    store = Store(path)
    try:
        with store.reading() as db:
            return verify(db, mirror_of(path))
    finally:
        store.close()


def tamper(path: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    with sqlite3.connect(path) as connection:
        change(connection)
    connection.close()


def test_a_record_that_nobody_touched_is_whole(path: Path) -> None:
    record(path)
    found = verdict(path)
    assert (found.entries, found.findings, found.unmirrored) == (3 * 14, (), 0)
    mirrored = [json.loads(line) for line in mirror_of(path).read_text().splitlines()]
    assert [line["n"] for line in mirrored] == list(range(1, found.entries + 1))
    assert mirrored[-1]["hash"] == found.head
    assert mirror_of(path).stat().st_mode & 0o777 == 0o600


def test_each_single_change_is_found(path: Path, tmp_path: Path) -> None:
    record(path)
    whole, mirror = path.read_bytes(), mirror_of(path).read_bytes()
    n = verdict(path).entries
    draw = random.Random(1)
    changes = (
        ("DELETE FROM events WHERE (session, seq) = (SELECT session, seq FROM audit WHERE n = ?)", "removed"),
        ("DELETE FROM audit WHERE n = ?", "removed"),
        ("UPDATE events SET body = replace(body, 'e', 'E') WHERE (session, seq) = (SELECT session, seq FROM audit WHERE n = ?)", "altered"),
        ("UPDATE events SET at = at + 1 WHERE (session, seq) = (SELECT session, seq FROM audit WHERE n = ?)", "altered"),
        ("UPDATE audit SET hash = substr(hash, 2) || '0' WHERE n = ?", "says"),
    )  # fmt: skip
    for statement, said in changes:
        for number in [1, n, *draw.sample(range(2, n), 8)]:
            path.write_bytes(whole)
            mirror_of(path).write_bytes(mirror)
            tamper(path, lambda db, sql=statement, at=number: db.execute(sql, [at]))
            findings = verdict(path).findings
            assert findings, (statement, number)
            assert findings[0].n == number
            assert said in findings[0].what


def test_the_newest_entries_are_missed_where_they_were_removed_everywhere_in_the_database(path: Path) -> None:
    record(path)
    n = verdict(path).entries
    tamper(path, lambda db: db.execute(
        "DELETE FROM events WHERE (session, seq) IN (SELECT session, seq FROM audit WHERE n > ?)", [n - 5]))  # fmt: skip
    tamper(path, lambda db: db.execute("DELETE FROM audit WHERE n > ?", [n - 5]))
    assert [finding.n for finding in verdict(path).findings] == list(range(n - 4, n + 1))


def test_a_chain_that_was_made_anew_differs_from_the_file(path: Path) -> None:
    record(path)

    def forge(db: sqlite3.Connection) -> None:
        db.execute("UPDATE events SET body = replace(body, '1.txt', '9.txt')")
        rows: dict[tuple[str, int], Row] = {(row[0], row[1]): row for row in db.execute(ROW_SQL)}
        last = FIRST
        for n, session, seq in db.execute("SELECT n, session, seq FROM audit ORDER BY n").fetchall():
            last = hashed(last, rows[session, seq])
            db.execute("UPDATE audit SET hash = ? WHERE n = ?", [last, n])

    tamper(path, forge)
    assert all("beside the database" in finding.what for finding in verdict(path).findings)
    assert verdict(path).findings
    mirror_of(path).unlink()
    assert (verdict(path).findings, verdict(path).unmirrored) == ((), verdict(path).entries)


def test_an_event_from_outside_is_found(path: Path) -> None:
    record(path)
    tamper(path, lambda db: db.execute(
        "INSERT INTO events SELECT session, 99, turn, kind, at, body FROM events LIMIT 1"))  # fmt: skip
    (finding,) = verdict(path).findings
    assert (finding.n, finding.seq, finding.what) == (0, 99, "was added from outside")


def test_a_mirror_with_half_a_line_and_others_words_is_read_as_far_as_it_goes(path: Path) -> None:
    record(path)
    with mirror_of(path).open("a") as file:
        file.write('{"n": "x"}\nnull\n{"n": 1')
    assert verdict(path).findings == ()


def test_what_was_stored_before_there_was_a_chain_is_put_into_it(path: Path) -> None:
    record(path)
    tamper(path, lambda db: (
        db.execute("DROP TABLE audit"),
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm004_audit'"),
    ))  # fmt: skip
    mirror_of(path).unlink()
    found = verdict(path)
    assert (found.entries, found.findings) == (3 * 14, ())
    record(path, 1)
    found = verdict(path)
    assert (found.entries, found.findings, found.unmirrored) == (4 * 14, (), 3 * 14)


def test_two_programs_that_write_share_one_chain(path: Path) -> None:
    stores = [Store(path), Store(path)]
    logs = [Sessions(store).create(Path("/w")) for store in stores]
    for log in logs:
        log.append(started("write"))
    for number in range(10):
        for log in logs:
            call(log, number)
    for store in stores:
        store.close()
    assert verdict(path).findings == ()


def test_a_call_is_told_with_who_allowed_it_and_what_came_of_it(path: Path) -> None:
    sessions = Sessions(Store(path))
    log = sessions.create(Path("/w"))
    log.append(started("write"))
    call(log, 1)
    call(log, 2, allowed=False)
    call(log, 3, finished=False)
    log.append(ToolRequested(call_id="c4", tool="nonsense", arguments={}, turn=1))
    log.append(ended())
    first, denied, open_, never = audited(log.id, sessions.events(log.id))
    assert (first.tool, first.risk, first.status, first.seconds) == ("files.write_file", "write", "ok", 0.5)
    assert (first.decisions, first.arguments, first.seq) == (["once by person"], {"path": "1.txt"}, 2)
    assert (denied.tool, denied.status, denied.decisions) == ("write_file", "denied", ["deny by person"])
    assert (open_.status, never.status) == (UNKNOWN, NEVER_RUN)
