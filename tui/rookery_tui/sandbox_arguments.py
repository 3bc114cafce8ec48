"""The grammar of `rookery sandbox`, and the option about root; a part of that of the command line."""

from __future__ import annotations

import argparse


def add_sandbox(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Put the command beside the others."""
    sandbox = commands.add_parser(
        "sandbox",
        help="how programs that tools start are confined on this machine",
        description="Try how programs are confined here: the level, what is missing for more, what it cannot do.",
        epilog="Exit codes: 0 they are in a machine of their own (L3); 1 they are less confined.",
        allow_abbrev=False,
    )
    sandbox.add_argument("--json", action="store_true", help="as one JSON object")


def root_option(parser: argparse.ArgumentParser) -> None:
    """What root has to say for programs to run where the sandbox is not whole."""
    parser.add_argument(
        "--allow-root",
        action="store_true",
        help="as root, run programs, plugins and MCP servers also where the sandbox is not whole",
    )
