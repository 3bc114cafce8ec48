"""The grammar of `rookery plugins`; a part of that of the command line."""

from __future__ import annotations

import argparse

from rookery_tui.sandbox_arguments import root_option


def add_plugins(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    plugins = commands.add_parser("plugins", help="list plugins, and decide which are used", allow_abbrev=False)
    actions = plugins.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the installed plugins, and which are used", allow_abbrev=False)
    info = actions.add_parser("info", help="one plugin: where from, its tools and hooks", allow_abbrev=False)
    info.add_argument("plugin", metavar="NAME")
    enable = actions.add_parser(
        "enable",
        help="use a plugin from now on",
        description="Show what a plugin offers, and use it from now on. One that changes later waits again.",
        allow_abbrev=False,
    )
    enable.add_argument("plugin", metavar="NAME")
    enable.add_argument("--yes", action="store_true", help="without asking")
    enable.add_argument(
        "--in-process",
        action="store_true",
        help="with the hooks that work only inside the program, with all its rights",
    )
    enable.add_argument("--open", action="store_true", help="not confined: its process has all your rights")
    disable = actions.add_parser("disable", help="use a plugin no longer", allow_abbrev=False)
    disable.add_argument("plugin", metavar="NAME")
    install = actions.add_parser(
        "install",
        help="install packages with pip, and ask about the plugins they bring",
        description="Install packages into the environment that Rookery runs in, with pipx, pip or uv, whichever made "
        "it or is there; then show each plugin that is new and ask whether to use it.",
        allow_abbrev=False,
    )
    install.add_argument("requirements", metavar="PACKAGE", nargs="+", help="as for pip: a name, a folder, a URL")
    remove = actions.add_parser("remove", help="remove the package of a plugin", allow_abbrev=False)
    remove.add_argument("plugin", metavar="NAME")
    restore = actions.add_parser(
        "restore", help="install again what was installed before and is gone, as after an upgrade", allow_abbrev=False
    )
    for action in (install, remove, restore):
        action.add_argument("--yes", action="store_true", help="without asking")
    new = actions.add_parser("new", help="write the package of a new plugin, with a test", allow_abbrev=False)
    new.add_argument("name", metavar="NAME", help="lower-case words with - between them")
    new.add_argument("--into", metavar="DIR", help="the folder to write; default: rookery-NAME")
    doctor = actions.add_parser(
        "doctor", help="read each plugin that is used and say what is wrong", allow_abbrev=False
    )
    for action in (info, enable, install, restore, doctor):
        root_option(action)
    for action in (listing, info, doctor):
        action.add_argument("--json", action="store_true", help="as JSON")
