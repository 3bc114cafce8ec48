"""Makes what confines one program, at a level that is known to work. Each of these holds until it is left."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rookery_core.errors import ToolFailed
from rookery_core.sandbox import bubblewrap, seccomp, watched
from rookery_core.sandbox.box import Box
from rookery_core.sandbox.groups import groups
from rookery_core.sandbox.inside import landlock
from rookery_core.sandbox.layout import NOTHING, SYSTEM, Covered, Kind, Layout, cannot_be, layout_of
from rookery_core.sandbox.placeholders import placeholders
from rookery_core.sandbox.protected import protected
from rookery_core.sandbox.room import Room, interpreter
from rookery_core.sandbox.settings import SandboxSettings

INSIDE = Path(__file__).with_name("inside")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_READING = {
    "GIT_OPTIONAL_LOCKS": "0", "PYTHONPYCACHEPREFIX": "/tmp/pycache", "PYTEST_ADDOPTS": "-o cache_dir=/tmp/pytest",
    "MYPY_CACHE_DIR": "/tmp/mypy", "RUFF_CACHE_DIR": "/tmp/ruff",
}  # fmt: skip
"""Where nothing may be changed: what many programs write beside their work, and need not, or elsewhere."""
_SHOWN_AT_L2 = (*SYSTEM, "/etc", "/proc", "/sys/devices/system/cpu")


@contextmanager
def machine_of_its_own(
    room: Room, reads: Sequence[Path], *, writes: bool, keeps_environment: bool = False
) -> Iterator[Box]:
    """A box at L3. `keeps_environment`: it is for a program of others that runs on through a session, and what its
    entrance is started with is there inside.

    Raises ToolFailed where none can be made for this workspace.
    """
    _check(room)
    kept = protected(room.root, room.places, room.code, writes=writes, lasting=keeps_environment)
    with placeholders(kept.absent if writes else ()) as made:
        unmade = tuple(path for path in kept.absent if path not in made and os.path.lexists(path))
        covered = Covered((*kept.kept, *made, *unmade), kept.hidden) if writes else Covered((), kept.hidden)
        layout = _layout(room, (*_open_to_all(room), *reads), covered, writes=writes)
        network = room.settings.network
        # a socket that lies in the workspace may be somebody's, and so is one with an abstract name, which is
        # everybody's where the network is shared
        near = (seccomp.UNIX,) if writes and not (network and landlock.version() < landlock.SCOPES_SINCE) else ()
        sockets = (*near, *((seccomp.INET, seccomp.INET6, seccomp.NETLINK) if network else ()))
        order = _order(_rules_of(layout), sockets, network=network, needed=False)
        if not writes:
            order["watched"] = watched.order_for(room.root, (*kept.kept, *kept.hidden, *kept.absent))
        try:
            same = _identities(layout, room.root)
        except OSError as exc:
            raise ToolFailed(f"{exc.filename} went while the sandbox was made; try it again") from exc
        yield Box(
            entrance=bubblewrap.command(
                bubblewrap.found(),
                layout,
                room.root,
                room.loading,
                network=network,
                keeps_environment=keeps_environment,
            ),
            inside=str(INSIDE),
            order=order | {"same": same, "groups": _groups(room.settings)},
            environment={"TMPDIR": "/tmp", **({} if writes else _READING)},
            limits={"RLIMIT_NPROC": room.settings.processes},
            shown=tuple(str(mount.path) for mount in layout.mounts if mount.kind in (Kind.SHOWN, Kind.WRITTEN)),
            unmade=tuple(path.name for path in made),
        )


@contextmanager
def files_and_calls(room: Room, reads: Sequence[Path], *, writes: bool) -> Iterator[Box]:
    """A box at L2. Raises ToolFailed where none can be made for this workspace."""
    _check(room)
    shown = _shown_at_l2(room, reads)
    with tempfile.TemporaryDirectory(prefix="rookery-box-", ignore_cleanup_errors=True) as own:
        network = room.settings.network
        rules = [(os.fsencode(path), landlock.READ) for path in shown]
        rules += [(os.fsencode(f"/dev/{name}"), landlock.USE) for name in _DEVICES]
        rules += [(os.fsencode(room.root), landlock.WRITE if writes else landlock.READ)]
        rules += [(os.fsencode(own), landlock.WRITE)]
        sockets = (seccomp.INET, seccomp.INET6, seccomp.NETLINK) if network else ()
        yield Box(
            entrance=(),
            inside=str(INSIDE),
            order=_order(rules, sockets, network=network, needed=True)
            | {"same": _identity(room.root), "groups": _groups(room.settings)},
            environment={"TMPDIR": own, "HOME": own},
            limits={"RLIMIT_NPROC": room.settings.processes + _running()},
            shown=tuple(map(str, (*shown, room.root))),
        )


def _check(room: Room) -> None:
    if not room.root.is_dir():
        raise ToolFailed(f"the workspace {room.root} is not there any more")
    if why := cannot_be(room.root, room.private):
        raise ToolFailed(why)


def _layout(room: Room, reads: Sequence[Path], covered: Covered = NOTHING, *, writes: bool) -> Layout:
    needed = (*interpreter(), INSIDE)
    return layout_of(
        room.root, room.home, writes=writes, reads=(*reads, *needed), private=room.private, covered=covered
    )


def _open_to_all(room: Room) -> list[Path]:
    """The folders that are read besides, without one that has become a link to what is private since the start."""
    private = (*room.places.own, *room.places.secret)
    real = {path: Path(os.path.realpath(path)) for path in room.reads}
    return [
        path
        for path, to in real.items()
        if not any(place == to or place in to.parents or to in place.parents for place in private)
    ]


def _order(
    rules: Sequence[tuple[bytes, int]], sockets: Sequence[int], *, network: bool, needed: bool
) -> dict[str, Any]:
    """What `inside.confining` is told, all but what has to lie where."""
    return {
        "landlock": [*rules],
        "needed": needed,
        "network": network,
        "seccomp": seccomp.filter_for(platform.machine(), sockets),
        "same": [],
    }


def _rules_of(layout: Layout) -> list[tuple[bytes, int]]:
    """The same once more in Landlock's terms, should what is mounted not hold."""
    written = [mount.path for kind in (Kind.FRESH, Kind.WRITTEN) for mount in layout.of(kind)]
    rules = [(os.fsencode(path), landlock.WRITE) for path in (*written, Path("/dev/shm"))]
    return [(b"/", landlock.READ), (b"/dev", landlock.USE), *rules]


def _identities(layout: Layout, root: Path) -> list[tuple[bytes, int, int]]:
    """What lies in the workspace where something is mounted: between a look and the mounting it could be exchanged."""
    seen = (mount for mount in layout.mounts if mount.kind in (Kind.SHOWN, Kind.WRITTEN))
    return [each for mount in seen if root in (mount.path, *mount.path.parents) for each in _identity(mount.path)]


def _identity(path: Path) -> list[tuple[bytes, int, int]]:
    about = os.stat(path)
    return [(os.fsencode(path), about.st_dev, about.st_ino)]


def _groups(settings: SandboxSettings) -> list[tuple[bytes, dict[str, int]]]:
    return groups(settings.processes, settings.memory_mb << 20)


def _shown_at_l2(room: Room, reads: Sequence[Path]) -> list[Path]:
    """What is read there. Landlock allows and never forbids, so a folder that holds what is private is taken apart."""
    system = [Path(path) for path in _SHOWN_AT_L2]
    chosen = [*_open_to_all(room), *reads, *interpreter(), INSIDE]
    for path in room.private:
        if not os.access(path, os.R_OK):
            continue
        if above := next((each for each in system if each in path.parents), None):
            system = [each for each in system if each != above] + _all_but(above, path)
        if above := next((each for each in (room.root, *chosen) if each in path.parents), None):
            raise ToolFailed(
                f"{above} holds {path}, which the sandbox that there is here cannot hide; start Rookery in the folder "
                "of a project (rookery sandbox says what is missing)"
            )
    return [*system, *chosen]


def _all_but(folder: Path, left_out: Path) -> list[Path]:
    """What is in a folder of the system, but for one path and what is above it."""
    found: list[Path] = []
    for entry in sorted(folder.iterdir()):
        if entry == left_out:
            continue
        found += _all_but(entry, left_out) if entry in left_out.parents else [entry]
    return found


def _running() -> int:
    """The threads of this person's other programs, which count as well where there is no namespace for people."""
    count = 0
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{name}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue
    return count
