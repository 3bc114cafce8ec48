"""Goes through a folder and all below it: files first, by name. Symbolic links are met and never followed."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rookery_core.plugin import Folder, ToolContext
from rookery_plugins.files.ignoring import MADE_BY_PROGRAMS, TRASH, Ignored

NAMES_MAX = 200_000
"""How many names are looked at before a walk gives up."""
SECONDS_MAX = 20.0
"""Less than what a tool may take, so that what was found until then is not lost."""


class TooMuch(Exception):
    """The walk gave up; its text is the path that it did not look at any more."""


@dataclass(frozen=True, slots=True)
class Met:
    """Something on the way, while the folder it is in is open."""

    folder: Folder
    name: str
    path: str
    """From the workspace."""
    is_folder: bool


class Patience:
    """How long one walk may go on."""

    def __init__(self, ctx: ToolContext, seconds: float = SECONDS_MAX) -> None:
        self._cancelled = ctx.cancelled
        self._until = time.monotonic() + seconds
        self._names = 0

    def name(self, path: str) -> None:
        """Another name is looked at. Raises TooMuch."""
        self._names += 1
        if self._names > NAMES_MAX:
            raise TooMuch(path)
        self.check(path)

    def check(self, path: str) -> None:
        """Raises TooMuch when the time is up or the call is over."""
        if self._cancelled.is_set() or time.monotonic() > self._until:
            raise TooMuch(path)


def walk(
    ctx: ToolContext,
    top: Path,
    patience: Patience,
    *,
    ignored_too: bool = False,
    goes_into: Callable[[Met], bool] = lambda folder: True,
) -> Generator[Met, None, None]:
    """All below the folder `top`, but for what is ignored unless that is wanted too.

    A `top` that is a file is met alone. What cannot be looked into is left out, except `top` itself. Raises TooMuch,
    and OSError for `top`.
    """
    workspace = ctx.workspace
    waiting = [(top, Ignored.above(workspace, top))]
    while waiting:
        path, ignored = waiting.pop()
        before = "" if path == workspace.root else f"{workspace.relative(path)}/"
        try:
            folder = workspace.folder(path)
        except NotADirectoryError:
            with workspace.folder(path.parent) as above:
                yield Met(above, path.name, workspace.relative(path), is_folder=False)
            continue
        except OSError:
            if path == top:
                raise
            continue
        with folder:
            ignored = ignored.within(folder, before)
            below = []
            for is_folder, name in _names(folder, must=path == top):
                met = Met(folder, name, before + name, is_folder)
                patience.name(met.path)
                if not ignored_too and (_is_made(met) or ignored.covers(met.path, is_folder=is_folder)):
                    continue
                yield met
                if is_folder and goes_into(met):
                    below.append((path / name, ignored))
        waiting += reversed(below)


def shown(path: str) -> str:
    """A path as one line that cannot pass for another."""
    return path if path.isprintable() else repr(path)


def _names(folder: Folder, *, must: bool) -> list[tuple[bool, str]]:
    """What is in a folder, each with whether it is one itself; files first. Nothing where it cannot be looked into."""
    try:
        found = islice(folder.scan(), NAMES_MAX + 1)
        return sorted((entry.is_dir(follow_symlinks=False), entry.name) for entry in found)
    except OSError:
        if must:
            raise
        return []


def _is_made(met: Met) -> bool:
    return met.is_folder and (met.name in MADE_BY_PROGRAMS or met.name.startswith(TRASH))
