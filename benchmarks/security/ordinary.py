"""Runs a Python script as an ordinary user; only root can.

python benchmarks/security/ordinary.py SCRIPT [ARGUMENT ...]

The user may read this Python and this repository wherever they lie: a folder that root alone may enter, such as /root,
is replaced in a mount namespace that ends with the script. The user's home is empty, and goes afterwards.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

NOBODY = 65534
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18


def main() -> int:
    home = tempfile.mkdtemp(prefix="ordinary-", dir="/var/lib")
    os.chown(home, NOBODY, NOBODY)
    try:
        child = os.fork()
        if child == 0:
            _become_ordinary(home)
            os.execve(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _become_ordinary(home: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.unshare(_CLONE_NEWNS))
    _checked(libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None))
    repository = Path(__file__).resolve().parents[2]
    needed = {Path(path) for path in (sys.prefix, sys.base_prefix, repository, *sys.path) if os.path.isdir(path)}
    kept = {path: os.open(path, os.O_PATH) for path in needed}
    closed = {above: None for path in sorted(needed) for above in reversed(path.parents) if not _is_open(above)}
    for folder in closed:
        if not _is_open(folder):
            _checked(libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"mode=755"))
            for path in sorted(path for path in needed if folder in path.parents):
                path.mkdir(parents=True, exist_ok=True)
                _checked(libc.mount(f"/proc/self/fd/{kept[path]}".encode(), os.fsencode(path), None, _MS_BIND, None))
    for number in kept.values():
        os.close(number)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    os.environ |= {"HOME": home, "PYTHONDONTWRITEBYTECODE": "1"}
    os.environ["PYTHONPATH"] = os.pathsep.join(str(path) for path in sys.path[1:] if path)
    os.chdir(home)


def _is_open(folder: Path) -> bool:
    return not folder.exists() or bool(folder.stat().st_mode & stat.S_IXOTH)


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    raise SystemExit(main())
