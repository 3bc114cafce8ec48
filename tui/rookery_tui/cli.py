"""The `rookery` command: reads the arguments and the environment, and starts what they ask for.

Imports nothing that a command may not need, so that `--help` is there at once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from rookery_tui.arguments import parse
from rookery_tui.out import say

if TYPE_CHECKING:
    import argparse

    from rookery_core.logs import VisibleLog
    from rookery_core.paths import Paths
    from rookery_core.redact import Redactor
    from rookery_tui.console import Console

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; argparse ends the program by itself for `--help` and wrong usage."""
    arguments = parse(sys.argv[1:] if argv is None else argv)

    from rookery_core.errors import RookeryError
    from rookery_core.paths import Paths
    from rookery_tui.console import Console
    from rookery_tui.exits import Exit, report

    console = Console.of_process(os.environ.get("TERM", ""))
    try:
        code = _command(arguments, Paths.find(os.environ), console)
        console.stdout.flush()
    except RookeryError as error:
        code = report(error, console.stderr)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        console.forget_stdout()
        code = Exit.BROKEN_PIPE
    except OSError as error:
        console.forget_stdout()
        full = error.filename is None and error.errno in _FULL
        code = _unwritten(error, console) if full else _unexpected(error, console, "the system refused it")
    except Exception as error:
        code = _unexpected(error, console, "this is a bug")
    return code


def _command(arguments: argparse.Namespace, paths: Paths, console: Console) -> int:
    match arguments.command:
        case "run":
            import asyncio

            return asyncio.run(_run(arguments, paths, console))
        case "sessions":
            from rookery_tui.subcommands import sessions

            return sessions.main(arguments, paths, console)
        case "audit":
            from rookery_tui.subcommands import audit

            return audit.main(arguments, paths, console)
        case "stats":
            from rookery_tui.subcommands import stats

            return stats.main(arguments, paths, console)
        case "memory":
            from rookery_tui.subcommands import memory

            return memory.main(arguments, paths, console)
        case "config":
            from rookery_tui.subcommands import config

            return config.main(arguments, paths, console)
        case "models":
            from rookery_tui.subcommands import models

            return models.main(arguments, paths, console)
        case "plugins":
            from rookery_tui.subcommands import plugins

            return plugins.main(arguments, paths, console)
        case "tools":
            from rookery_tui.subcommands import tools

            return tools.main(arguments, paths, console)
        case "mcp":
            from rookery_tui.subcommands import mcp

            return mcp.main(arguments, paths, console)
        case "rules":
            from rookery_tui.subcommands import rules

            return rules.main(arguments, paths, console)
        case "trust":
            from rookery_tui.subcommands import trust

            return trust.main(arguments, paths, console)
        case "sandbox":
            from rookery_tui.subcommands import sandbox

            return sandbox.main(arguments, paths, console)
        case "bench":
            from rookery_tui.subcommands import bench

            return bench.main(arguments, paths, console)
        case "eval":
            from rookery_tui.subcommands import eval as evaluation

            return evaluation.main(arguments, paths, console)
        case _:
            from rookery_tui.supervising import Below, supervised

            def talk(below: Below | None = None) -> int:
                from rookery_tui.subcommands import chat

                return chat.main(arguments, paths, console, below)

            def log() -> VisibleLog:
                from rookery_core.logs import VisibleLog  # only where something was printed

                return VisibleLog(paths.screen_log, partial(known_here, paths))

            return supervised(talk, log) if console.full_screen else talk()


def _unwritten(error: OSError, console: Console) -> int:
    """Say that what was to be printed could not be: nothing else writes without naming a file."""
    from rookery_tui.exits import Exit

    say(f"rookery: the output could not be written: {error.strerror}", console.stderr)
    return Exit.FAILED


async def _run(arguments: argparse.Namespace, paths: Paths, console: Console) -> int:
    """Start the models' process first: it takes as long to be ready for work as all that is imported here."""
    from rookery_core.model.worker import Worker

    worker = Worker(paths.model_log, redactor=partial(known_here, paths))
    try:
        with contextlib.suppress(OSError):  # it is said when the model is loaded
            await worker.start()
        from rookery_tui.subcommands import run

        return await run.main(arguments, paths, console, worker)
    finally:
        await worker.close()


def known_here(paths: Paths) -> Redactor:
    """What knows the secrets of the environment, and of the settings where they can be read."""
    from rookery_core.config import Config
    from rookery_core.config_file import load_config
    from rookery_core.errors import ConfigError
    from rookery_core.redact import known_to

    try:
        config = load_config(paths).config
    except ConfigError:
        config = Config()
    return known_to(os.environ, config)


def _unexpected(error: Exception, console: Console, what: str) -> int:
    """Say in one line what nobody expected; the traceback is for whoever asks for it."""
    from rookery_core.text import one_line
    from rookery_tui.exits import Exit

    if os.environ.get("ROOKERY_DEBUG"):
        say("".join(traceback.format_exception(error)), console.stderr, end="")
    else:
        text = one_line(f"{type(error).__name__}: {error}", 300)
        say(f"rookery: unexpected error {text}; {what}. Set ROOKERY_DEBUG=1 for the traceback.", console.stderr)
    return Exit.FAILED
