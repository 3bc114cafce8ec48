"""`rookery` and `rookery chat`: the full-screen interface, or the plain prompt where there is no screen."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rookery_core.config_file import load_config
from rookery_core.paths import Paths
from rookery_tui.console import Console
from rookery_tui.doorstep import Doorstep
from rookery_tui.exits import Exit, report
from rookery_tui.out import say
from rookery_tui.starting import Resume, how_to_go_on, maker, mode_wanted
from rookery_tui.supervising import NOTHING, PATIENCE_S, PROMPT, Below, adopt_orphans, end_the_rest

if TYPE_CHECKING:
    from rookery_tui.app import RookeryApp
    from rookery_tui.lines import Lines

CRASHED = "rookery: the program had an unexpected error; this is a bug. What it printed is in {log}."


def main(arguments: argparse.Namespace, paths: Paths, console: Console, below: Below | None = None) -> int:
    """Talk until the person has enough. `below` is this process's side of a supervisor, where it has one."""
    config = load_config(paths).config
    doorstep = Doorstep.of(arguments, paths)
    make = maker(arguments, paths, doorstep)
    if arguments.repl or not console.full_screen:
        from rookery_tui.asking import GRACE_S
        from rookery_tui.editing import editor_of
        from rookery_tui.repl import lines_for, repl

        console = console.outliving()
        resume = Resume(arguments.session, arguments.continue_last, mode_wanted(arguments))
        lines = lines_for(console, paths, editor_of(os.environ))
        talking = repl(
            make,
            lines,
            console.stdout,
            console.stderr,
            resume,
            trace=config.tui.trace,
            kept_in=str(paths.rules),
            grace_s=GRACE_S,
            doorstep=doorstep,
        )
        return asyncio.run(talking) if below is None else prompt_below(talking, lines, below)
    from rookery_tui.app import RookeryApp

    app = RookeryApp(
        make,
        session_id=arguments.session,
        continue_last=arguments.continue_last,
        theme=config.tui.theme,
        show_trace=config.tui.trace,
        kept_in=str(paths.rules),
        mode=mode_wanted(arguments),
        doorstep=doorstep,
    )
    if below is None:
        app.run()
    else:
        run_below(app, below)
    if app.failure is not None:
        return report(app.failure, console.stderr)
    if app.crashed and below is not None:
        say(CRASHED.format(log=paths.screen_log), console.stderr)
    with contextlib.suppress(OSError):  # the terminal may be gone
        if app.conversation is not None and (text := how_to_go_on(app.conversation.session)):
            say(text, console.stderr)
    return app.return_code or Exit.OK


def run_below(app: RookeryApp, below: Below) -> None:
    """Run the program with the terminal to itself; signals and the supervisor's death end it as a key would."""
    from rookery_tui.driver import driver_on

    with below.terminal_apart() as terminal:
        import faulthandler

        faulthandler.enable(file=2)
        app.driver_class = driver_on(terminal, below)
        asyncio.run(_until_told(app, below, terminal))


def prompt_below(talking: Coroutine[Any, Any, Exit], lines: Lines, below: Below) -> Exit:
    """Run the plain prompt; the supervisor's death ends it as SIGTERM would."""

    async def until_told() -> Exit:
        with _missed(below, lambda: os.kill(os.getpid(), signal.SIGTERM)):
            asyncio.get_running_loop().add_signal_handler(signal.SIGCONT, lines.come_back)
            return await talking

    below.tell(PROMPT)
    try:
        return asyncio.run(until_told())
    finally:
        below.tell(NOTHING)


async def _until_told(app: RookeryApp, below: Below, terminal: tuple[int, int]) -> None:
    from rookery_tui.stopping import on_signals

    def end(number: int) -> None:
        _forget_if_gone(terminal)
        app.leave(number)

    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    with _missed(below, lambda: end(signal.SIGHUP)), on_signals(end, insist=False, signals=ending):
        await app.run_async()


@contextmanager
def _missed(below: Below, end: Callable[[], None]) -> Iterator[None]:
    """Inside, the supervisor's death calls `end`; the program has to end soon then, and ends what it left."""
    loop = asyncio.get_running_loop()
    alone = False

    def orphaned() -> None:
        nonlocal alone
        alone = True
        loop.remove_reader(below.alive)
        for number in (signal.SIGTTOU, signal.SIGTTIN):  # the terminal is the shell's again
            signal.signal(number, signal.SIG_IGN)
        patience = threading.Timer(PATIENCE_S, os._exit, (128 + signal.SIGHUP,))
        patience.daemon = True
        patience.start()
        end()

    loop.add_reader(below.alive, orphaned)
    try:
        yield
    finally:
        loop.remove_reader(below.alive)
        if alone and adopt_orphans():
            end_the_rest()


def _forget_if_gone(terminal: tuple[int, int]) -> None:
    """Let the drawing go nowhere where the terminal is gone: it would fail, and wait for itself."""
    if sys.platform == "win32":
        return
    import termios

    try:
        termios.tcgetattr(terminal[0])
    except termios.error:
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, terminal[1])
        os.close(nowhere)
