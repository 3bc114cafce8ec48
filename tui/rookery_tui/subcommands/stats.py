"""`rookery stats`: how often the person was asked about calls, and how many ran without a question."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add

from rookery_core.compose import archive
from rookery_core.observe.questions import OUTCOMES, Questions, questions
from rookery_core.paths import Paths
from rookery_core.store.sessions import Sessions
from rookery_core.text import visible
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import say


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Count, and print it. Raises StoreError, SessionUnknown."""
    stored = archive(paths)
    try:
        counted = {
            session: questions(stored.sessions.events(session)) for session in _named(stored.sessions, arguments)
        }
    finally:
        stored.store.close()
    if arguments.json:
        each = [{"session": session, **counts.told()} for session, counts in counted.items()]
        console.print_json({"sessions": each, "all": _together(counted).told()})
        return Exit.OK
    for line in table(counted):
        say(visible(line), console.stdout)
    return Exit.OK


def _named(sessions: Sessions, arguments: argparse.Namespace) -> list[str]:
    """The sessions that are meant, the last used first."""
    if arguments.session:
        return [sessions.get(arguments.session, every=True).id]
    return [each.id for each in sessions.recent(limit=arguments.last or 1_000_000, every=True)]


def table(counted: Mapping[str, Questions]) -> Iterator[str]:
    """The counts of sessions, and of all of them together, as lines."""
    if not counted:
        yield "No session is stored."
        return
    together = _together(counted)
    yield from _table(
        ("session", "turns", "calls", "unasked", "questions", "again", "median/turn", "most/turn"),
        [(session, *_row(counts)) for session, counts in counted.items()]
        + ([("all", *_row(together))] if len(counted) > 1 else []),
    )
    if together.n:
        yield ""
        yield from _table(
            ("level", "questions", *OUTCOMES),
            [
                (level or "all", *map(str, (sum(outcomes.values()), *outcomes.values())))
                for level in (*together.levels, "")
                for outcomes in [together.outcomes(level or None)]
            ],
        )


def _together(counted: Mapping[str, Questions]) -> Questions:
    return reduce(add, counted.values(), Questions())


def _row(counts: Questions) -> tuple[str, ...]:
    in_a_turn = f"{statistics.median(counts.by_turn or (0,)):g}"
    numbers = (len(counts.by_turn), counts.calls, counts.unasked, counts.n, counts.again)
    return (*map(str, numbers), in_a_turn, str(max(counts.by_turn, default=0)))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as what is in them, the first to the left."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([f"{row[0]:<{widths[0]}}", *cells])
