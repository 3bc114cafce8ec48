"""`rookery sandbox`: how programs are confined on this machine, tried anew."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rookery_core.approval.places import Places
from rookery_core.config_file import load_config
from rookery_core.paths import Paths
from rookery_core.sandbox.level import CANNOT, Level
from rookery_core.sandbox.sandbox import Confinement
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import say


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Try it and say what was found. Raises ConfigError."""
    settings = load_config(paths).config.sandbox
    paths.sandbox.unlink(missing_ok=True)
    places = Places.of(paths, Path.home(), Path(sys.prefix))
    here = Confinement.of(settings, places, Path.home(), os.environ, file=paths.sandbox)
    found, level = here.found, here.level
    cannot = [line for lower in sorted(Level, reverse=True) if lower >= level for line in CANNOT[lower]]
    if arguments.json:
        told = {
            "level": str(level),
            "machine": str(found.level),
            "programs": here.told(),
            "why_not_higher": list(found.why_not_higher),
            "cannot": cannot,
            "network": here.network,
            "root": here.is_root,
            "refuses": here.forbids(),
            "landlock": found.landlock,
            "reads_unasked": here.is_whole,
        }
        console.print_json(told)
    else:
        lines = [f"level     {level}: {here.told()}"]
        lines += ["          sandbox.programs is open, so nothing is confined"] if here.is_open else []
        lines += (
            ["asks      before a program writes or leaves the sandbox, not before it reads"] if here.is_whole else []
        )
        lines += [f"missing   {why}" for why in found.why_not_higher]
        lines += [f"cannot    {line}" for line in cannot]
        lines += ["root      Rookery runs as root"] if here.is_root else []
        lines += [f"refused   {why}"] if (why := here.forbids()) else []
        for line in lines:
            say(line, console.stdout)
    return Exit.OK if level is Level.L3 else Exit.FAILED
