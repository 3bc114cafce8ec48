"""How a command ends: its exit code, and the one place where expected trouble is told to the person."""

from __future__ import annotations

import signal
from enum import IntEnum
from typing import TextIO

from rookery_core.errors import ConfigError, ModelMissing, ModelUnreadable, RookeryError, SessionBusy, SessionUnknown
from rookery_tui.out import say


class Exit(IntEnum):
    """Exit codes of every command; scripts rely on them."""

    OK = 0
    FAILED = 1
    """Gave up, refused or failed; a model could not be fetched; or the database or the disk cannot be used."""
    USAGE = 2
    """An option, a setting or a session's name is wrong; nothing was done."""
    NO_MODEL = 3
    """There is no model, or it cannot be loaded."""
    UNATTENDED = 4
    """A call was refused because nobody could be asked, whether or not an answer followed."""
    HUNG_UP = 129
    """The terminal was closed; 128 + SIGHUP, also where there is no such signal."""
    INTERRUPTED = 128 + signal.SIGINT
    TERMINATED = 128 + signal.SIGTERM
    BROKEN_PIPE = 141
    """Whoever read the output stopped reading; 128 + SIGPIPE, also where there is no such signal."""


def exit_for(error: RookeryError) -> Exit:
    """The exit code that tells this trouble from others."""
    match error:
        case ConfigError() | SessionUnknown() | SessionBusy():
            return Exit.USAGE
        case ModelMissing() | ModelUnreadable():
            return Exit.NO_MODEL
        case _:
            return Exit.FAILED


def report(error: RookeryError, err: TextIO) -> Exit:
    """Tell the person what is wrong, and return the exit code."""
    say(f"rookery: {error}", err)
    return exit_for(error)
