"""SHA-256 of model files, remembered for as long as a file stays as it is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from rookery_core.paths import private_folder

MANY = 200
"""As many files are remembered."""
CHUNK = 1 << 22

Heard = Callable[[int, int], None]
"""Gets the bytes that are done, and all there are."""


def sha256_of(path: Path, heard: Heard = lambda done, total: None) -> str:
    """The file's hash in hexadecimal; `heard` is told how far it is. Raises OSError."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as stream:
        total = os.fstat(stream.fileno()).st_size
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            heard(done, total)
    return digest.hexdigest()


class Hashes:
    """Hashes by path, size and date, kept in a file that may be deleted at any time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def sha256(self, path: Path, heard: Heard = lambda done, total: None) -> str:
        """The file's hash in hexadecimal, worked out when it is first asked for. Raises OSError."""
        key = _key(path)
        found = self._known().get(key)
        if found is None:
            found = sha256_of(path, heard)
            if _key(path) == key:  # else it changed meanwhile, and the hash is that of no file
                self.remember(path, found)
        return found

    def known(self, path: Path) -> str | None:
        """The file's hash where it was worked out before, and the file is as it was then. Raises OSError."""
        return self._known().get(_key(path))

    def remember(self, path: Path, sha256: str) -> None:
        """Keep a hash that was worked out while the file was made. Raises OSError."""
        known = self._known()
        known[_key(path)] = sha256
        self._keep(dict(list(known.items())[-MANY:]))

    def _known(self) -> dict[str, str]:
        try:
            made = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(key): str(value) for key, value in made.items()} if isinstance(made, dict) else {}

    def _keep(self, known: dict[str, str]) -> None:
        part = self._file.with_suffix(f".{os.getpid()}.part")
        with contextlib.suppress(OSError):  # it is worked out anew then
            private_folder(self._file.parent)
            part.write_text(json.dumps(known, indent=0), encoding="utf-8")
            os.replace(part, self._file)
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _key(path: Path) -> str:
    path = path.resolve()
    stat = path.stat()
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"
