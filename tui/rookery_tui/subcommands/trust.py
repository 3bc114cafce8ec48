"""`rookery trust`: the folders that the person trusts, and those they trust no longer."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path

from rookery_core.errors import ConfigError
from rookery_core.paths import Paths
from rookery_core.trust import Trust, Trusted, cautions
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import say

NONE_YET = "You trust no folder yet: Rookery asks when you start it in one, and `rookery trust add` says so beforehand."


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises ConfigError."""
    trust = Trust(paths.trusted)
    match arguments.action:
        case "list":
            return _list(trust, console, as_json=arguments.json)
        case "add":
            folder = Path(arguments.folder)
            added = trust.add(folder, below=arguments.below)
            for each in cautions(folder, Path.home()):
                say(f"rookery: {each}", console.stderr)
            say(_line(added), console.stdout)
        case _:
            if not trust.remove(folder := Path(arguments.folder)):
                above = trust.by(folder)
                hint = (
                    f"; {above.path} is, with all below it" if above else "; `rookery trust list` shows those that are"
                )
                raise ConfigError(f"{os.path.realpath(folder)} is not trusted by itself{hint}")
            say(f"trusted no longer: {os.path.realpath(folder)}", console.stdout)
    return Exit.OK


def _list(trust: Trust, console: Console, *, as_json: bool) -> Exit:
    found = trust.listed()
    if as_json:
        console.print_json([{**asdict(each), "holds": _holds(trust, each)} for each in found])
        return Exit.OK
    for each in found:
        gone = "" if _holds(trust, each) else "  (another folder is there now, or none: it is asked about again)"
        say(f"{_line(each)}{gone}", console.stdout)
    if not found:
        say(NONE_YET, console.stdout)
    return Exit.OK


def _holds(trust: Trust, each: Trusted) -> bool:
    return trust.by(Path(each.path)) is not None


def _line(each: Trusted) -> str:
    return f"{each.path}{' and all below it' if each.below else ''}"
