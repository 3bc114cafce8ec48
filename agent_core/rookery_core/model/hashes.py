"""SHA-256 of model files, remembered for as long as a file stays as it is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from rookery_core.paths import private_folder

MANY = 200
"""As many files are remembered."""


class Hashes:
    """Hashes by path, size and date, kept in a file that may be deleted at any time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def sha256(self, path: Path) -> str:
        """The file's hash in hexadecimal, worked out when it is first asked for. Raises OSError."""
        path = path.resolve()
        stat = path.stat()
        key = f"{path} {stat.st_size} {stat.st_mtime_ns}"
        known = self._known()
        if key not in known:
            with path.open("rb") as stream:
                known[key] = hashlib.file_digest(stream, "sha256").hexdigest()
            self._keep(dict(list(known.items())[-MANY:]))
        return known[key]

    def _known(self) -> dict[str, str]:
        try:
            made = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(key): str(value) for key, value in made.items()} if isinstance(made, dict) else {}

    def _keep(self, known: dict[str, str]) -> None:
        with contextlib.suppress(OSError):  # it is worked out anew then
            private_folder(self._file.parent)
            part = self._file.with_suffix(f".{os.getpid()}.part")
            part.write_text(json.dumps(known, indent=0), encoding="utf-8")
            os.replace(part, self._file)
