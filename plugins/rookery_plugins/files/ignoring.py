"""What the .gitignore files of a folder and those above it leave out, without running git.

Their patterns may come from anywhere and become regular expressions, so one that could take very long is left aside.
Files outside the workspace, such as the person's own list for all projects, are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from rookery_core.plugin import Folder, Workspace

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILE = ".gitignore"
FILE_BYTES = 256_000
PATTERNS = 2_000
"""Of one file."""
STARS = 3
"""In one name of a pattern, and as `**` in a whole one: each of them multiplies the work by the length of a path."""
MADE_BY_PROGRAMS = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
    ]
)
TRASH = ".Trash-"
_SETS = re.compile(r"\[[^\]]*(?:\[|--|&&|~~|\|\|)")
"""What newer regular expressions may take for operations on sets."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """The rules that hold in a folder."""

    rules: tuple[tuple[int, GitIgnoreSpec], ...] = ()
    """With the length of the path of the folder they are from, the outermost first."""

    @classmethod
    def above(cls, workspace: Workspace, folder: Path) -> Ignored:
        """What the folders above it say of what is in it."""
        found = cls()
        if folder == workspace.root:
            return found
        for above in reversed(folder.relative_to(workspace.root).parents):
            with suppress(OSError), workspace.folder(workspace.root / above) as opened:
                found = found.within(opened, "" if above == Path() else f"{above.as_posix()}/")
        return found

    def within(self, folder: Folder, path: str) -> Ignored:
        """With what a folder itself says; `path` is its own, with a slash at its end, and "" for the workspace."""
        lines = [*_lines_of_git(folder), *_lines(folder, FILE)]
        spec = _spec(lines) if lines else None
        return self if spec is None else Ignored((*self.rules, (len(path), spec)))

    def covers(self, path: str, *, is_folder: bool) -> bool:
        """Whether something is left out; `path` is from the workspace."""
        for start, spec in reversed(self.rules):
            said = spec.check_file(f"{path[start:]}/" if is_folder else path[start:]).include
            if said is not None:
                return said
        return False


def _lines(folder: Folder, name: str) -> list[str]:
    try:
        with folder.read(name) as file:
            text = file.read(FILE_BYTES).decode("utf-8-sig", "surrogateescape")
    except OSError:
        return []
    return text.splitlines()


def _lines_of_git(folder: Folder) -> list[str]:
    try:
        with folder.folder(".git") as git, git.folder("info") as info:
            return _lines(info, "exclude")
    except OSError:
        return []


def _spec(lines: list[str]) -> GitIgnoreSpec | None:
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    def patterns() -> Iterator[GitIgnoreSpecPattern]:
        for line in islice((line for line in lines if line.strip() and _is_cheap(line)), PATTERNS):
            with suppress(ValueError, re.error):
                yield GitIgnoreSpecPattern(line)

    made = list(patterns())
    return GitIgnoreSpec(made, backend="simple") if made else None


def _is_cheap(line: str) -> bool:
    parts = line.split("/")
    return (
        not line.startswith("#")
        and parts.count("**") <= STARS
        and all(len(re.findall(r"\*+", part)) <= STARS for part in parts)
        and not _SETS.search(line)
    )
