"""The grammar of `rookery rules`; a part of that of the command line."""

from __future__ import annotations

import argparse

from rookery_tui.argument_kinds import whole


def add_rules(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Put the command and its actions beside the others."""
    rules = commands.add_parser(
        "rules", help="what is allowed without asking, asked about, and denied", allow_abbrev=False
    )
    actions = rules.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the rules that hold in a workspace", allow_abbrev=False)
    add = actions.add_parser(
        "add",
        help="add a rule",
        description="Add a rule to your rules.toml. It holds in this workspace unless --everywhere is given. Without "
        "one of --words, --path, --url, --argument and --part it is about all calls of the tool.",
        allow_abbrev=False,
    )
    add.add_argument("do", choices=("allow", "ask", "deny"))
    add.add_argument("tool", metavar="TOOL", help="plugin.tool; to ask or deny also a pattern, such as 'files.*'")
    scope = add.add_mutually_exclusive_group()
    scope.add_argument("--words", metavar="COMMAND", help="a command; ... at its end: and arguments, but no options")
    scope.add_argument("--path", metavar="PATH", help="a file, or a folder and all below it")
    scope.add_argument("--url", metavar="HOST", help="a host, HOST:PORT or an address; to ask or deny also *.HOST")
    scope.add_argument("--argument", metavar="NAME=VALUE", action="append", help="an argument that has this value")
    scope.add_argument("--part", metavar="TEXT", help="what the tool says that a call is about")
    add.add_argument("--matches", metavar="EXAMPLE", action="append", default=[], help="something it must be about")
    add.add_argument("--rejects", metavar="EXAMPLE", action="append", default=[], help="something it must not be about")
    add.add_argument("--everywhere", action="store_true", help="in every workspace")
    remove = actions.add_parser("remove", help="remove a rule", allow_abbrev=False)
    remove.add_argument("number", metavar="N", type=whole(1, 100_000), help="as `rookery rules list` numbers them")
    check = actions.add_parser("check", help="whether the files are good, and their examples right", allow_abbrev=False)
    attempt = actions.add_parser(
        "try",
        help="what would become of a call, which is not made",
        description="Say what is at stake in a call, whether it would run, ask or be refused, and by which rule.",
        allow_abbrev=False,
    )
    attempt.add_argument("tool", metavar="TOOL")
    attempt.add_argument("call", metavar="JSON|COMMAND", help="the arguments, or the command of a tool that runs one")
    attempt.add_argument(
        "--tainted", action="store_true", help="as in a session that has read others' words and private things"
    )
    for action in (listing, add, remove, check, attempt):
        action.add_argument(
            "--workspace", metavar="DIR", default=".", help="the folder tools work in; default: this one"
        )
    for action in (listing, attempt):
        action.add_argument("--json", action="store_true", help="as JSON")
