"""`rookery audit`: which calls were asked for, allowed and made, and whether that record was changed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rookery_core.compose import archive
from rookery_core.events import Mode
from rookery_core.paths import Paths
from rookery_core.store.audit import AuditedCall, audited
from rookery_core.store.chain import mirror_of, verify
from rookery_core.store.db import Store
from rookery_core.store.sessions import Sessions
from rookery_core.text import one_line
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.export import local_time
from rookery_tui.out import say, say_json
from rookery_tui.subcommands.sessions import write_file

SHOWN = 10
"""Findings that are told one by one."""


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises StoreError, and ConfigError for a file that cannot be written."""
    stored = archive(paths)
    try:
        match arguments.action:
            case "show":
                return _show(stored.sessions, arguments, console)
            case "verify":
                return _verify(stored.store, console, as_json=arguments.json)
            case _:
                return _export(stored.store, arguments, console)
    finally:
        stored.store.close()


def _show(sessions: Sessions, arguments: argparse.Namespace, console: Console) -> Exit:
    if arguments.session:
        found = [sessions.get(arguments.session, every=True).id]
    else:
        found = [each.id for each in sessions.recent(limit=1_000_000, every=True)]
    calls = [*_newest(sessions, found, arguments.tool, arguments.limit)]
    calls.sort(key=lambda call: call.at)
    if arguments.json:
        console.print_json([asdict(call) for call in calls])
        return Exit.OK
    for call in calls:
        say(_line(call), console.stdout)
        say(f"    {one_line(json.dumps(call.arguments, ensure_ascii=False), 200)}", console.stdout)
        if call.given:
            asked_for = one_line(json.dumps(call.given, ensure_ascii=False), 180)
            say(f"    the model asked for {asked_for}", console.stdout)
        for source in call.untrusted:
            say(f"    before the model, not trusted: {one_line(source, 160)}", console.stdout)
    if not calls:
        say("No call is recorded.", console.stdout)
    return Exit.OK


def _newest(sessions: Sessions, found: list[str], tool: str, limit: int) -> Iterator[AuditedCall]:
    """The newest calls, from the sessions that were used last."""
    left = limit
    for session in found:
        fitting = [
            call
            for call in audited(session, sessions.events(session))
            if tool in ("", call.tool, call.tool.split(".")[-1])
        ]
        yield from fitting[-left:]
        left -= len(fitting)
        if left <= 0:
            return


def _line(call: AuditedCall) -> str:
    decided = "; ".join(call.decisions) or "nobody was asked"
    decided += "" if call.mode is Mode.ASK else f" (mode {call.mode})"
    took = f" in {call.seconds:.1f} s" if call.seconds else ""
    return (
        f"{local_time(call.at)}  {call.session} #{call.seq}  {call.tool}"
        f"{f' ({call.risk})' if call.risk else ''}  {one_line(decided, 120)}  {call.status}{took}"
    )


def _verify(store: Store, console: Console, *, as_json: bool) -> Exit:
    mirror = mirror_of(store.path)
    with store.reading() as db:
        verdict = verify(db, mirror)
    if as_json:
        console.print_json(asdict(verdict))
        return Exit.FAILED if verdict.findings else Exit.OK
    for finding in verdict.findings[:SHOWN]:
        number = f"entry {finding.n}, " if finding.n else ""
        say(f"{number}session {finding.session} #{finding.seq}: {finding.what}", console.stdout)
    if len(verdict.findings) > SHOWN:
        say(f"and {len(verdict.findings) - SHOWN} more", console.stdout)
    entries = f"{verdict.entries:,} {'entry' if verdict.entries == 1 else 'entries'}"
    if verdict.findings:
        say(f"{entries}: the record was changed from outside.", console.stdout)
        return Exit.FAILED
    say(f"{entries}, none of them changed. The newest is {verdict.head}", console.stdout)
    if verdict.unmirrored:
        lacking = f"{verdict.unmirrored:,} of them are not in {mirror}, as after a crash or where it was deleted."
        say(lacking, console.stdout)
    return Exit.OK


def _export(store: Store, arguments: argparse.Namespace, console: Console) -> Exit:
    with store.reading() as db:
        rows = db.conn.execute("SELECT n, hash, body FROM audit JOIN events USING (session, seq) ORDER BY n")
        lines = "".join(f'{{"n": {n}, "hash": "{hash_}", "event": {body}}}\n' for n, hash_, body in rows)
    if arguments.output:
        write_file(Path(arguments.output), lines, force=arguments.force)
        say(f"rookery: the audit was written to {arguments.output}", console.stderr)
    else:
        console.write_utf8()
        say_json(lines.rstrip("\n"), console.stdout)
    return Exit.OK
