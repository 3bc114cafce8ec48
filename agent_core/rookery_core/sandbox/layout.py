"""Which files there are inside the sandbox: a list of what is mounted where. Looks at the disk, and changes nothing.

What is not named is not there. The order is from the top down, so that what lies deeper wins.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store", "/gnu/store", "/snap",
    "/home/linuxbrew/.linuxbrew",
)  # fmt: skip
"""Folders with programs."""
ETC = "/etc"
"""Settings of the system: of them only what everybody may read."""
FRESH = ("/tmp", "/var/tmp")
DEVICES = "/dev"


class Kind(Enum):
    """How a place is there."""

    FRESH = "empty, and its own"
    SHOWN = "read"
    WRITTEN = "read and written"
    HIDDEN = "empty, and not written"


@dataclass(frozen=True, slots=True)
class Mount:
    """One place inside."""

    path: Path
    kind: Kind
    source: Path
    """Where it really is, outside."""


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link inside."""

    path: Path
    target: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything there is inside."""

    mounts: tuple[Mount, ...]
    links: tuple[Link, ...] = ()

    def of(self, kind: Kind) -> Iterator[Mount]:
        return (mount for mount in self.mounts if mount.kind is kind)


@dataclass(frozen=True, slots=True)
class Covered:
    """What of a workspace is not written though the rest is."""

    kept: tuple[Path, ...] = ()
    """Is read."""
    hidden: tuple[Path, ...] = ()
    """Is neither."""


NOTHING = Covered()


def layout_of(
    root: Path,
    home: Path,
    *,
    writes: bool,
    reads: Iterable[Path],
    private: Iterable[Path],
    covered: Covered = NOTHING,
) -> Layout:
    """What there is for a program in the workspace `root`; `private` is hidden wherever it would be seen."""
    mounts = {Path(path): Mount(Path(path), Kind.FRESH, Path(path)) for path in FRESH if not os.path.islink(path)}
    links = []
    for path in map(Path, (*SYSTEM, ETC)):
        if path.is_symlink():
            links.append(Link(path, os.readlink(path)))
        elif path.exists():
            mounts[path] = Mount(path, Kind.SHOWN, path)
    if home.is_absolute() and home != Path("/") and not _below_any(home, map(Path, SYSTEM)):
        mounts[home] = Mount(home, Kind.FRESH, home)
    for path in reads:
        mounts |= {each: Mount(each, Kind.SHOWN, _real(path)) for each in (path, _real(path)) if os.path.exists(path)}
    mounts[root] = Mount(root, Kind.WRITTEN if writes else Kind.SHOWN, root)
    for path in private:
        if path != root and os.path.exists(path) and _nearest(path, mounts).kind in (Kind.SHOWN, Kind.WRITTEN):
            mounts[path] = Mount(path, Kind.HIDDEN, path)
    if writes:
        for path in covered.kept:
            mounts[path] = Mount(path, Kind.SHOWN, path)
    for path in covered.hidden:
        mounts[path] = Mount(path, Kind.HIDDEN, path)
    if writes:
        for path in (*covered.kept, *covered.hidden, *(path for path in [*mounts] if root in path.parents)):
            for above in _between(root, path):
                if _nearest(above, mounts).kind is Kind.WRITTEN:
                    mounts[above] = Mount(above, Kind.WRITTEN, above)
    return Layout(tuple(sorted(mounts.values(), key=lambda mount: mount.path.parts)), tuple(links))


def _between(root: Path, path: Path) -> Iterator[Path]:
    """The folders on the way from one to the other. As mounts of their own they cannot be moved aside."""
    yield from (above for above in reversed(path.parents) if root in above.parents)


def _nearest(path: Path, mounts: dict[Path, Mount]) -> Mount:
    """What decides how a path is there."""
    nothing = Mount(Path("/"), Kind.FRESH, Path("/"))
    return next((mounts[each] for each in (path, *path.parents) if each in mounts), nothing)


def _below_any(path: Path, folders: Iterable[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def of_root_alone(folder: str = ETC) -> Iterator[Path]:
    """What in a folder of the system not everybody may read. To root's programs it has to be hidden."""
    with os.scandir(folder) as entries:
        for entry in entries:
            mode = entry.stat(follow_symlinks=False).st_mode
            if not mode & stat.S_IROTH:
                yield Path(entry.path)
            elif stat.S_ISDIR(mode):
                yield from of_root_alone(entry.path)


def cannot_be(root: Path, private: Sequence[Path]) -> str:
    """Why a folder cannot be a workspace whose programs are confined; "" where it can."""
    nowhere = _below_any(root, map(Path, ("/proc", "/sys", DEVICES))) and Path(DEVICES, "shm") not in root.parents
    if nowhere or root in (Path("/"), Path("/home")):
        return f"{root} is no folder that a sandbox can be made for; start Rookery in the folder of a project"
    if any(Path(path) == root for path in (*SYSTEM, ETC, "/var", "/run")):
        return f"{root} is a folder of the system; start Rookery in the folder of a project"
    if root in private:
        return f"{root} holds what is Rookery's own or secret; start Rookery in the folder of a project"
    return ""
