"""Opens a file of the workspace for reading, and says in plain words why it cannot."""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path
from typing import IO

from rookery_core.plugin import ToolFailed, ToolRetry, Workspace

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def open_file(workspace: Workspace, path: Path) -> IO[bytes]:
    """A file, open for reading and never waited for; ToolRetry or ToolFailed says why it cannot be read."""
    name = workspace.relative(path)
    try:
        fd = os.open(path, _READ)
    except FileNotFoundError:
        raise ToolRetry(f"there is no file {name}{_similar(path)}") from None
    except OSError as exc:
        raise ToolFailed(f"{name} cannot be read: {exc.strerror}") from exc
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        if stat.S_ISDIR(mode):
            raise ToolRetry(f"{name} is a folder; give the path of a file in it")
        raise ToolFailed(f"{name} is a pipe or a device, not a file")
    return open(fd, "rb")


def _similar(path: Path) -> str:
    try:
        near = difflib.get_close_matches(path.name, os.listdir(path.parent), n=3)
    except OSError:
        near = []
    return f"; did you mean {' or '.join(near)}?" if near else ""
