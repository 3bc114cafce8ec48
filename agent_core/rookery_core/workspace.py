"""The folder a session works in, and the rule that a tool's paths stay inside it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from rookery_core.errors import ArgumentsInvalid, ToolFailed, ToolRetry
from rookery_core.folder import Folder

NAMES_COMPARED = 5_000
"""Of a larger folder or workspace only so many names are looked at for similar ones."""
NAMES_OF_ONE = 1_000
"""Of one folder below it."""
MADE = ("node_modules", "__pycache__", "venv", "target", "build", "dist")
"""Folders that programs make; nobody means what is in them."""
MEANT = 3
"""Names that are told in place of one that is not there."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder, by its real path."""

    root: Path

    @classmethod
    def at(cls, folder: Path) -> Workspace:
        """The workspace at `folder`; symbolic links in it are resolved once, here."""
        return cls(Path(os.path.realpath(folder)))

    def resolve(self, text: str | os.PathLike[str]) -> Path:
        """The real path that `text` means, relative to the root.

        Raises ArgumentsInvalid when it lies outside the workspace, also by `..` or through a symbolic link. What is
        swapped in afterwards is met by `folder` and `open`, which follow no link at all.
        """
        raw = _possible(text)
        try:
            real = Path(os.path.realpath(self.root / raw))
        except OSError as exc:
            raise ArgumentsInvalid(f"the path cannot be resolved: {exc.strerror}") from exc
        if not self._holds(real):
            raise ArgumentsInvalid(f"{raw} is outside the workspace; give a path inside it, like notes.txt")
        return real

    def entry(self, text: str | os.PathLike[str]) -> Path:
        """As `resolve`, but where the last part is a symbolic link it is the link itself.

        A path that ends in a slash means a folder, and there has to be one.
        """
        raw = _possible(text)
        above, name = os.path.split(raw)
        if name not in ("", os.curdir, os.pardir):
            folder = self.resolve(above or os.curdir)
            if (folder / name).parent == folder:  # no letter of a drive
                return folder / name
        real = self.resolve(raw)
        if not os.path.isdir(real):
            raise ArgumentsInvalid(f"there is no folder {raw}; give a whole path, like {above}/notes.txt")
        return real

    def relative(self, path: Path) -> str:
        """How a path inside the workspace is shown: from the root, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def folder(self, path: Path, *, make: bool = False) -> Folder:
        """The folder at a path that `resolve` gave, open; `make` makes what is missing of it. Raises OSError.

        What is done through it is done in that folder, also where another program moves links and folders meanwhile.
        """
        if not self._holds(path):
            raise ValueError(f"{path} is outside the workspace")
        return Folder.beneath(self.root, path, make=make)

    def open(self, path: str | os.PathLike[str]) -> IO[bytes]:
        """Open a file for reading, as bytes. Raises ToolRetry or ToolFailed, which say why it cannot be read.

        It is the file that lies inside the workspace at that moment, and never a pipe or a device, which could wait.
        """
        try:
            real = self.resolve(path)
        except ArgumentsInvalid as exc:
            raise ToolRetry(str(exc)) from exc
        name = self.relative(real)
        try:
            if real == self.root:
                raise IsADirectoryError
            with self.folder(real.parent) as folder:
                return folder.read(real.name)
        except FileNotFoundError:
            raise ToolRetry(f"there is no file {name}{self.similar(real)}") from None
        except IsADirectoryError:
            raise ToolRetry(f"{name} is a folder; give the path of a file in it") from None
        except OSError as exc:
            raise ToolFailed(f"{name} cannot be read: {exc.strerror}") from exc

    def similar(self, path: Path) -> str:
        """How a message goes on that says that `path` is not there, or not at all.

        It names what is called nearly so in the same folder, and what is called so elsewhere in the workspace.
        """
        import difflib  # only where a path is wrong

        beside = [name for name, _ in self._entries(path.parent, NAMES_COMPARED)]
        near = [path.parent / name for name in difflib.get_close_matches(path.name, beside, n=MEANT)]
        meant = list(dict.fromkeys([*near[:1], *self._namesakes(path.name), *near[1:]]))[:MEANT]
        return f"; did you mean {' or '.join(map(_shown, map(self.relative, meant)))}?" if meant else ""

    def _namesakes(self, name: str) -> list[Path]:
        """What is called so, whatever its case, the nearest to the root first; not in what programs made."""
        found, waiting, left = [], [self.root], NAMES_COMPARED
        for folder in waiting:  # which grows meanwhile
            entries = self._entries(folder, min(left, NAMES_OF_ONE))
            left -= len(entries)
            found += [folder / other for other, _ in entries if other.casefold() == name.casefold()]
            waiting += [folder / other for other, is_folder in entries if is_folder and other not in MADE]
            if left <= 0 or len(found) >= MEANT:
                break
        return found

    def _entries(self, path: Path, most: int) -> list[tuple[str, bool]]:
        """So many of the names in a folder that are not hidden, nor links, each with whether it is a folder itself."""
        try:
            with self.folder(path) as folder:
                return sorted(
                    (entry.name, entry.is_dir(follow_symlinks=False))
                    for entry in islice(folder.scan(), most)
                    if not entry.is_symlink() and not entry.name.startswith(".")
                )
        except (OSError, ValueError):
            return []

    def _holds(self, path: Path) -> bool:
        return path == self.root or self.root in path.parents


def _shown(name: str) -> str:
    return name if name.isprintable() else repr(name)


def _possible(text: str | os.PathLike[str]) -> str:
    raw = os.fspath(text)
    if not raw:
        raise ArgumentsInvalid("the path is empty; give a path inside the workspace")
    if "\0" in raw:
        raise ArgumentsInvalid("the path holds a NUL character")
    try:
        os.fsencode(raw)
    except UnicodeEncodeError as exc:
        raise ArgumentsInvalid("the path holds half a character (a lone surrogate)") from exc
    return raw
