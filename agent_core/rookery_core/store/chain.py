"""The audit of what was stored: a chain of hashes over all events, in the database and once more in a file beside it.

Whoever alters, adds or removes an event afterwards breaks the chain; a chain that was made anew to fit differs from the
file. So it is seen that the record was changed. A program with the person's own rights could write both.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from rookery_core.paths import PRIVATE_FILE

Row = tuple[str, int, int, str, float, str]
"""An event as it is stored: session, seq, turn, kind, at, body."""
FIRST = "0" * 64
"""What stands before the first hash."""
EVENTS = "SELECT session, seq, turn, kind, at, body FROM events"


def mirror_of(database: Path) -> Path:
    """The file beside a database that has its hashes once more, a line of JSON for each event."""
    return database.with_name("audit.jsonl")


def link(db: Database, rows: Sequence[Row]) -> list[str]:
    """Add events, which are stored in the same transaction, to the chain; the lines for the mirror."""
    found = db.conn.execute("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1").fetchone()
    n, last = found or (0, FIRST)
    lines = []
    links = []
    for row in rows:
        n, last = n + 1, hashed(last, row)
        session, seq, _, kind, at, _ = row
        links.append((n, session, seq, last))
        lines.append(json.dumps({"n": n, "at": at, "session": session, "seq": seq, "kind": kind, "hash": last}) + "\n")
    db.conn.executemany("INSERT INTO audit (n, session, seq, hash) VALUES (?, ?, ?, ?)", links)
    return lines


def hashed(before: str, row: Row) -> str:
    """The hash of an event behind another."""
    return hashlib.sha256(json.dumps([before, *row]).encode("utf-8", "surrogatepass")).hexdigest()


def write_mirror(path: Path, lines: Iterable[str]) -> None:
    """Add lines at the end of the mirror, in one piece. Raises OSError."""
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
    try:
        os.write(number, "".join(lines).encode())
    finally:
        os.close(number)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written."""

    n: int
    """The number of the entry; 0 where it has none."""
    session: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the record."""

    entries: int
    findings: tuple[Finding, ...]
    """What was altered, added or removed."""
    unmirrored: int
    """Entries that the mirror lacks, as after a crash between the two writes, or where it was deleted."""
    head: str
    """The hash of the newest entry; kept elsewhere, it proves later that nothing before it was changed."""


def verify(db: Database, mirror: Path) -> Verdict:
    """Compare the events, the chain and the mirror. Raises OSError, sqlite3.Error."""
    events = {(row[0], row[1]): row for row in db.conn.execute(EVENTS)}
    links = {n: (session, seq, hash_) for n, session, seq, hash_ in db.conn.execute("SELECT * FROM audit ORDER BY n")}
    written = _mirrored(mirror)
    findings: list[Finding] = []
    before: str | None = FIRST
    for n in range(1, max([*links, *written], default=0) + 1):
        noted = written.get(n)
        session, seq, hash_ = links.get(n, (noted["session"], noted["seq"], "") if noted else ("", 0, ""))
        row = events.pop((session, seq), None)
        if n not in links:
            findings.append(Finding(n, session, seq, "was removed"))
        elif row is None:
            findings.append(Finding(n, session, seq, "is of an event that was removed"))
        elif noted is not None and noted["hash"] != hash_:
            findings.append(Finding(n, session, seq, "is not what the file beside the database says"))
        elif before is not None and hashed(before, row) != hash_:
            findings.append(Finding(n, session, seq, "was altered"))
        before = hash_ or (noted["hash"] if noted else None)
    findings += (Finding(0, session, seq, "was added from outside") for session, seq in sorted(events))
    return Verdict(len(links), tuple(findings), len(links.keys() - written.keys()), before or FIRST)


def _mirrored(path: Path) -> dict[int, dict[str, Any]]:
    """The lines of the mirror, by their numbers; one that cannot be read is left out."""
    return {line["n"]: line for line in _lines(path)}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            if isinstance(entry["n"], int) and {"session", "seq", "hash"} <= entry.keys():
                yield entry
        except (ValueError, KeyError, TypeError):
            continue
