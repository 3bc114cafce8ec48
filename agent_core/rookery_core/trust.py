"""Which folders the person trusts: nothing that a folder holds takes effect before they said so.

A folder is known by its real path and its number in the file system: another one that is put in its place is not
trusted. Its device is not asked for, since that has another number after a restart on many machines. Knows no screen.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rookery_core.errors import ConfigError
from rookery_core.paths import private_folder, replace_file

MAX_BYTES = 1_000_000
MEND = "mend it or delete it, and say again which folders you trust"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A folder that is trusted."""

    path: str
    """The real one."""
    inode: int
    below: bool = False
    """Whether that holds for all folders below it, too."""
    at: float = 0.0
    """Unix time when it was said."""


class _File(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    format: int
    folders: list[Trusted]


class Trust:
    """The folders that are trusted, in a file of the program's own."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def listed(self) -> tuple[Trusted, ...]:
        """All of them, by path. Raises ConfigError for a file that cannot be read; then none is trusted."""
        try:
            with self._file.open("rb") as stream:
                raw = stream.read(MAX_BYTES + 1)
            if len(raw) > MAX_BYTES:
                raise ConfigError(f"{self._file} is larger than {MAX_BYTES} bytes: {MEND}")
            return tuple(_File.model_validate_json(raw).folders)
        except FileNotFoundError:
            return ()
        except OSError as exc:
            raise ConfigError(f"{self._file} cannot be read: {exc.strerror}") from exc
        except ValidationError as exc:
            raise ConfigError(f"{self._file} is not what Rookery wrote: {MEND}") from exc

    def by(self, folder: Path) -> Trusted | None:
        """What makes the folder trusted: itself, or one above it of which that was said; None where nothing does.

        Raises ConfigError.
        """
        real = Path(os.path.realpath(folder))
        known = {each.path: each for each in self.listed()}
        for place in (real, *real.parents):
            found = known.get(str(place))
            if found is not None and (place == real or found.below) and found.inode == _inode(place):
                return found
        return None

    def replaced(self, folder: Path) -> bool:
        """Whether another folder was trusted at this path. Raises ConfigError."""
        real = os.path.realpath(folder)
        return any(each.path == real and each.inode != _inode(Path(real)) for each in self.listed())

    def add(self, folder: Path, *, below: bool = False) -> Trusted:
        """Trust a folder, and with `below` all that are in it, from now on. Raises ConfigError."""
        real = Path(os.path.realpath(folder))
        inode = _inode(real)
        if inode is None:
            raise ConfigError(f"{folder} is not a folder")
        added = Trusted(str(real), inode, below, time.time())
        self._write([*(each for each in self.listed() if each.path != added.path), added])
        return added

    def remove(self, folder: Path) -> bool:
        """Trust it no longer; False where it was not trusted by itself. Raises ConfigError."""
        real, known = os.path.realpath(folder), self.listed()
        kept = [each for each in known if each.path not in (real, str(folder))]
        if len(kept) == len(known):
            return False
        self._write(kept)
        return True

    def _write(self, folders: list[Trusted]) -> None:
        ordered = [asdict(each) for each in sorted(folders, key=lambda each: each.path)]
        try:
            private_folder(self._file.parent)
            replace_file(self._file, json.dumps({"format": 1, "folders": ordered}, indent=1) + "\n")
        except OSError as exc:
            raise ConfigError(f"{self._file} cannot be written: {exc.strerror}") from exc


def cautions(folder: Path, home: Path) -> tuple[str, ...]:
    """What speaks against trusting a folder as a whole, in sentences."""
    real, house = Path(os.path.realpath(folder)), Path(os.path.realpath(home))
    said = []
    if real.parent == real:
        said.append("This is the whole file system: everything on this machine would be in the workspace.")
    elif real == house:
        said.append("This is your home folder: all that is yours would be in the workspace, your keys beside it.")
    elif real in house.parents:
        said.append("Your home folder is in it: all that is yours would be in the workspace, your keys beside it.")
    elif real == Path(os.path.realpath(tempfile.gettempdir())) or _anyone_writes(real):
        said.append("Everybody on this machine may write there.")
    return tuple(said)


def _inode(folder: Path) -> int | None:
    try:
        found = folder.stat()
    except (OSError, ValueError):
        return None
    return found.st_ino if stat.S_ISDIR(found.st_mode) else None


def _anyone_writes(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return False
