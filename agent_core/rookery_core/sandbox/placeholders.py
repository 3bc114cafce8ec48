"""Empty folders that stand where nothing is to be made, for as long as somebody needs them to.

A sandbox can only cover what is there. So a name that is not there yet gets an empty folder, which is covered, and goes
when the last program that it was made for has ended. Whoever needs one holds a shared lock on it, in whichever process;
one that was left by a process that was killed is known by its mode, and goes with the next.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

MODE = stat.S_ISVTX | 0o700
"""Nobody else gives an empty folder this one."""
PATIENCE_S = 1.0
"""What it may take until a lock is free; any program that sees the folder may hold it."""


@contextmanager
def placeholders(paths: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """Have an empty folder at each path, and those above it; the paths where there is one then.

    Where none can be made, nobody else of this person can make anything either.
    """
    with ExitStack() as held:
        done: dict[Path, bool] = {}
        wanted = [*paths]
        for path in wanted:
            for folder in (*_lacking(path), path):
                if folder not in done:
                    done[folder] = _hold(folder, held)
        yield tuple(path for path in wanted if done[path])


def is_there(path: Path) -> bool:
    """Whether something is there that is none of these; one of them may go at any moment."""
    try:
        return not _has_our_mode(os.lstat(path)) or bool(os.listdir(path))
    except OSError:
        return False


def _lacking(path: Path) -> list[Path]:
    """The folders above that are not there, or only for such a purpose."""
    return [folder for folder in reversed(path.parents) if not os.path.lexists(folder) or _is_ours(folder)]


def _is_ours(path: Path) -> bool:
    try:
        return _has_our_mode(os.lstat(path))
    except OSError:
        return False


def _has_our_mode(about: os.stat_result) -> bool:
    return stat.S_ISDIR(about.st_mode) and stat.S_IMODE(about.st_mode) == MODE and about.st_uid == os.geteuid()


def _hold(path: Path, held: ExitStack) -> bool:
    """Make one, or share one that is there. False where there is none of ours."""
    while True:
        try:
            os.mkdir(path, MODE)
        except FileExistsError:
            pass
        except OSError:
            return False
        try:
            number = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # it went just now
        except OSError:
            return False
        if not _shared(number):
            os.close(number)
            return False
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(number), os.lstat(path)):
                if not _is_ours(path):
                    os.close(number)
                    return False
                held.callback(_let_go, path, number)
                return True
        os.close(number)


def _shared(number: int) -> bool:
    """Lock it with the others. False where somebody keeps it to himself: whoever makes one go has it for a moment."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.005)


def _let_go(path: Path, number: int) -> None:
    """It goes with the last who holds it, unless something was put into it."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rmdir(path)
    except OSError:
        pass
    finally:
        os.close(number)
