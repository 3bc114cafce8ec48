"""The grammar of the commands about what is stored; a part of that of the command line."""

from __future__ import annotations

import argparse

from rookery_tui.argument_kinds import whole


def add_sessions(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sessions = commands.add_parser("sessions", help="list, show, search and export past sessions", allow_abbrev=False)
    actions = sessions.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the sessions, the last used first", allow_abbrev=False)
    listing.add_argument(
        "--limit", metavar="N", type=whole(1, 1_000_000), default=50, help="at most so many; default: 50"
    )
    show = actions.add_parser("show", help="one session: the conversation and its trace", allow_abbrev=False)
    show.add_argument("session", metavar="ID", help="the session's id, or its start")
    search = actions.add_parser("search", help="the past turns that fit some words", allow_abbrev=False)
    search.add_argument("words", metavar="WORDS", nargs="+")
    search.add_argument("--limit", metavar="N", type=whole(1, 1000), default=20, help="at most so many; default: 20")
    for action in (listing, show, search):
        action.add_argument("--json", action="store_true", help="as JSON")
    export = actions.add_parser("export", help="one session as a file", allow_abbrev=False)
    export.add_argument("session", metavar="ID", help="the session's id, or its start")
    export.add_argument("--format", choices=("md", "json", "jsonl"), default="md", help="default: md")
    export.add_argument("--output", metavar="FILE", help="where to; default: standard output")
    export.add_argument("--force", action="store_true", help="replace FILE if it is there")


def add_audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = commands.add_parser("audit", help="what tools were called, and who allowed it", allow_abbrev=False)
    actions = audit.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser(
        "show", help="the newest calls, with what was decided and came of them", allow_abbrev=False
    )
    show.add_argument("--session", metavar="ID", default="", help="only those of this session")
    show.add_argument("--tool", metavar="NAME", default="", help="only calls of this tool")
    show.add_argument("--limit", metavar="N", type=whole(1, 1_000_000), default=50, help="at most so many; default: 50")
    verify = actions.add_parser("verify", help="whether the record was changed from outside", allow_abbrev=False)
    for action in (show, verify):
        action.add_argument("--json", action="store_true", help="as JSON")
    export = actions.add_parser("export", help="all events with their hashes, a line of JSON each", allow_abbrev=False)
    export.add_argument("--output", metavar="FILE", help="where to; default: standard output")
    export.add_argument("--force", action="store_true", help="replace FILE if it is there")


def add_stats(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    stats = commands.add_parser(
        "stats",
        help="how often you were asked about calls, and what you said",
        description="Count the calls and the questions about them: in each session and in all, by how much is at stake "
        "and what was answered. `unasked` are calls that ran without a question; `again` are questions about the same "
        "tool and arguments as one before.",
        allow_abbrev=False,
    )
    which = stats.add_mutually_exclusive_group()
    which.add_argument("--session", metavar="ID", default="", help="only this session; the start of its id is enough")
    which.add_argument("--last", metavar="N", type=whole(1, 1_000_000), help="only the N sessions that were used last")
    stats.add_argument("--json", action="store_true", help="as JSON")


def add_memory(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    memory = commands.add_parser("memory", help="the notes, and which of them are not trusted", allow_abbrev=False)
    actions = memory.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list", help="the notes, and what else is kept that is not trusted", allow_abbrev=False
    )
    listing.add_argument("--json", action="store_true", help="as JSON")
    vouch = actions.add_parser(
        "vouch",
        help="say that you have read it and stand for it",
        description="Say that you have read something that is kept, and stand for it as for your own words. It was "
        "kept after the model had read what others wrote, so it may hold what they want the model to do.",
        allow_abbrev=False,
    )
    vouch.add_argument("ref", metavar="REF", help="a note's number, SESSION/TURN, or PLUGIN:KEY")
    forget = actions.add_parser("forget", help="delete a note", allow_abbrev=False)
    forget.add_argument("ref", metavar="NUMBER", help="the note's number")
