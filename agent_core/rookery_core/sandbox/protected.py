"""What of a workspace a confined program may not change though it may write there. Looks, and changes nothing.

These are the names from which other programs start something later: `.git`, Rookery's own, and in a home folder what a
shell and a desktop read. A name that is not there yet counts as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rookery_core.approval.places import CAREFUL, Places
from rookery_core.errors import ToolFailed
from rookery_core.sandbox.placeholders import is_there

GIT = ".git"
ABSENT = (GIT, ".rookery", ".vscode")
"""Names that are kept from being made in every workspace."""
FOR_A_WHILE = (".envrc", ".githooks", ".husky", ".idea")
"""The same where a program runs for one call alone. For longer, empty folders there would be in the person's way.
`.hg` is not among them: what asks which system a project is kept in takes the folder for an answer."""
OUTPUT = ("bin",)
"""A name that starts programs in a home folder, and in a project is where they are built."""
_OF_OTHER_SYSTEMS = ("Library", "AppData")
DEEP, FOLDERS = 3, 1_000
"""How far down repositories are looked for, and in how many folders."""
_NOT_SEARCHED = frozenset(("node_modules", "venv", "__pycache__", "site-packages", "target", "build", "dist"))


@dataclass(frozen=True, slots=True)
class Protected:
    """Paths in a workspace."""

    kept: tuple[Path, ...]
    """Are there, and stay as they are."""
    hidden: tuple[Path, ...]
    """Are there, and are not even read."""
    absent: tuple[Path, ...]
    """Are not there, and stay so."""


def protected(
    root: Path, places: Places, code: tuple[Path, ...] = (), *, writes: bool = True, lasting: bool = False
) -> Protected:
    """What is protected in the workspace; `code` is what Rookery and its plugins are made of. `lasting`: from a program
    that runs on through a session.

    Raises ToolFailed for a symbolic link among it, which could be exchanged for something else; where nothing `writes`,
    only for one to what is private.
    """
    private = [path for path in (*places.own, *places.secret) if root in path.parents]
    at_home = root == places.home
    careful = [root / name for name in CAREFUL if at_home or name not in OUTPUT]
    if (root / "HEAD").is_file() and (root / "objects").is_dir():  # it is a repository without a `.git`
        careful += [root / "config", root / "hooks"]
    unmade = [root / name for name in (CAREFUL if at_home else ABSENT if lasting else (*ABSENT, *FOR_A_WHILE))]
    unmade += [path for path in private if path.relative_to(root).parts[0] not in _OF_OTHER_SYSTEMS]
    kept = [*careful, *_repositories(root), *(path for path in (*places.code, *code) if root in path.parents)]
    _check_links(root, (*kept, *private) if writes else private)
    return Protected(
        tuple(path for path in dict.fromkeys(kept) if is_there(path) and path not in private),
        tuple(path for path in dict.fromkeys(private) if is_there(path)),
        tuple(path for path in dict.fromkeys(unmade) if not is_there(path)),
    )


def _check_links(root: Path, paths: Iterable[Path]) -> None:
    for path in paths:
        part = root
        for name in path.relative_to(root).parts:
            part = part / name
            if part.is_symlink():
                raise ToolFailed(
                    f"{part} is a symbolic link, which a sandbox cannot keep as it is, so nothing is run here; put "
                    "what it leads to in its place, or start Rookery in another folder"
                )


def _repositories(root: Path) -> Iterator[Path]:
    """The `.git` of repositories below the workspace, as far as they are looked for."""
    folders, seen = [(root, 0)], 0
    while folders and seen < FOLDERS:
        folder, deep = folders.pop(0)
        seen += 1
        try:
            entries = [*os.scandir(folder)]
        except OSError:
            continue
        for entry in entries:
            if entry.name == GIT and folder != root:
                yield Path(entry.path)
            elif (
                deep < DEEP
                and not entry.name.startswith(".")
                and entry.name not in _NOT_SEARCHED
                and entry.is_dir(follow_symlinks=False)
            ):
                folders.append((Path(entry.path), deep + 1))
