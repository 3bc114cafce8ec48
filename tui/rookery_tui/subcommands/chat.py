"""`rookery` and `rookery chat`: the full-screen interface, or the plain prompt where there is no screen."""

from __future__ import annotations

import argparse
import asyncio

from rookery_core.config import load_config
from rookery_core.paths import Paths
from rookery_tui.console import Console
from rookery_tui.exits import Exit, report
from rookery_tui.out import say
from rookery_tui.starting import Resume, how_to_go_on, maker


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> int:
    """Talk until the person has enough."""
    config = load_config(paths).config
    make = maker(arguments, paths)
    if arguments.repl or not console.full_screen:
        from rookery_tui.repl import lines_for, repl

        resume = Resume(arguments.session, arguments.continue_last)
        talking = repl(make, lines_for(console, paths), console.stdout, console.stderr, resume, trace=config.tui.trace)
        return asyncio.run(talking)
    from rookery_tui.app import RookeryApp

    app = RookeryApp(
        make,
        session_id=arguments.session,
        continue_last=arguments.continue_last,
        theme=config.tui.theme,
        show_trace=config.tui.trace,
    )
    app.run()
    if app.failure is not None:
        return report(app.failure, console.stderr)
    if app.conversation is not None and (text := how_to_go_on(app.conversation.session)):
        say(text, console.stderr)
    return app.return_code or Exit.OK
