"""The grammar of `rookery trust`, and the option `--trust`; a part of that of the command line."""

from __future__ import annotations

import argparse


def add_trust(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Put the command and its actions beside the others."""
    trust = commands.add_parser("trust", help="which folders you trust", allow_abbrev=False)
    actions = trust.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the folders that you trust", allow_abbrev=False)
    listing.add_argument("--json", action="store_true", help="as JSON")
    add = actions.add_parser(
        "add",
        help="trust a folder from now on",
        description="Trust a folder from now on: tools read its files without asking, and its own rules hold. Folders "
        "in it are asked about by themselves, unless --below is given.",
        allow_abbrev=False,
    )
    add.add_argument("--below", action="store_true", help="and all folders below it, also those that come later")
    remove = actions.add_parser("remove", help="trust a folder no longer", allow_abbrev=False)
    for action in (add, remove):
        action.add_argument("folder", metavar="PATH", nargs="?", default=".", help="default: the folder you are in")


def trust_option(parser: argparse.ArgumentParser) -> None:
    """The option of a command that works in a folder."""
    parser.add_argument("--trust", action="store_true", help="trust the folder this once; `rookery trust` remembers it")
