"""Which level a machine has: what each is to refuse is really tried, in a child that is confined.

That a whole sandbox was found is kept in a file, and holds as long as kernel, bubblewrap and Rookery's Python are the
same.
"""

from __future__ import annotations

import json
import marshal
import os
import platform
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rookery_core.errors import ToolFailed
from rookery_core.paths import private_folder, replace_file
from rookery_core.sandbox import bubblewrap, seccomp
from rookery_core.sandbox.box import Box
from rookery_core.sandbox.inside import landlock
from rookery_core.sandbox.level import Found, Level
from rookery_core.sandbox.making import INSIDE, files_and_calls, machine_of_its_own
from rookery_core.sandbox.room import Room

PATIENCE_S = 10.0
KILL_S = 5.0
"""What the end of a sandbox that was killed may take."""
_EDITION = 1
"""Of what is tried."""
_BOOT = "import sys; sys.path.append(sys.argv.pop()); import canary; canary.main()"


def find(room: Room, file: Path | None = None) -> Found:
    """What this Linux can do. `file` is where it is kept; the workspace of `room` does not matter."""
    key = _key()
    if file is not None and _is_remembered(file, key):
        return Found(Level.L3, landlock=landlock.version())
    found = _tried(room)
    if file is not None and found.level is Level.L3:  # what is missing may be there the next time
        with suppress(OSError):
            private_folder(file.parent)
            replace_file(file, json.dumps({"key": key}))
    return replace(found, landlock=landlock.version())


def _tried(room: Room) -> Found:
    if not seccomp.known(platform.machine()):
        return Found(Level.L1, (f"there is no filter of system calls for {platform.machine()}",))
    why_not: list[str] = []
    for level in (Level.L3, Level.L2):
        if not (why := _why_not(level, room)):
            return Found(level, tuple(why_not))
        why_not.append(f"{level}: {why}")
    return Found(Level.L1, tuple(why_not))


def _why_not(level: Level, room: Room) -> str:
    """What is missing for a level; "" where all that it is to refuse is refused."""
    if level is Level.L3 and not bubblewrap.found():
        return f"there is no bubblewrap; {bubblewrap.HOW_TO_GET}"
    if level is Level.L2 and not landlock.version():
        return "this kernel has no Landlock"
    try:
        with tempfile.TemporaryDirectory() as outside, _workspace() as root:
            tried = replace(room, root=root)
            make = machine_of_its_own if level is Level.L3 else files_and_calls
            with make(tried, (), writes=True) as box:
                return _try(box, tried, Path(outside), alone=level is Level.L3)
    except (OSError, ToolFailed, subprocess.SubprocessError) as exc:
        return f"it cannot be tried: {exc}"


@contextmanager
def _workspace() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(os.path.realpath(folder))


def _try(box: Box, room: Room, outside: Path, *, alone: bool) -> str:
    wanted: dict[str, Any] = {
        "order": {**box.order},
        "workspace": os.fsencode(room.root),
        "outside": os.fsencode(outside),
        "own": [os.fsencode(path) for path in room.places.own if os.path.exists(path)],
        "network": room.settings.network,
        "alone": alone,
        "stay": alone,
    }
    child = subprocess.Popen(
        [*box.entrance, sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, str(INSIDE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**room.loading},
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    try:
        with suppress(BrokenPipeError):
            child.stdin.write(marshal.dumps(wanted))
        with suppress(BrokenPipeError):
            child.stdin.close()
        said = _line(child.stdout.fileno()).split()
        if not said:
            child.kill()
            return (
                f"it does not start: {child.stderr.read(2_000).decode(errors='replace').strip() or 'it says nothing'}"
            )
        if said[0] != "held":
            return f"it cannot be put on: {' '.join(said[1:])}"
        if said[1:]:
            return f"it does not hold: {', '.join(said[1:])}"
        child.kill()
        if alone and not _ends(child.stdout.fileno()):
            return "what it runs does not end with it"
        return ""
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            with suppress(BrokenPipeError):
                pipe.close()


def _line(source: int) -> str:
    """What is said first; "" where nothing is, in good time."""
    line = b""
    while not line.endswith(b"\n") and select.select([source], [], [], PATIENCE_S)[0]:
        if not (piece := os.read(source, 4096)):
            break
        line += piece
    return line.decode(errors="replace")


def _ends(source: int) -> bool:
    """Whether nobody holds the other end any more."""
    return bool(select.select([source], [], [], KILL_S)[0]) and not os.read(source, 1)


def _key() -> str:
    """What the level depends on. Of bubblewrap its file is looked at, which is quicker than to ask it."""
    parts = [str(_EDITION), platform.release(), platform.machine(), sys.executable, sys.version, str(os.geteuid())]
    if path := bubblewrap.found():
        about = os.stat(path)
        parts += [path, str(about.st_mtime_ns), str(about.st_size)]
    for limit in (
        "user/max_user_namespaces",
        "kernel/unprivileged_userns_clone",
        "kernel/apparmor_restrict_unprivileged_userns",
    ):
        with suppress(OSError):
            parts.append(Path("/proc/sys", limit).read_text().strip())
    return " ".join(parts)


def _is_remembered(file: Path, key: str) -> bool:
    try:
        return bool(json.loads(file.read_text(encoding="utf-8"))["key"] == key)
    except (OSError, ValueError, KeyError, TypeError):
        return False
