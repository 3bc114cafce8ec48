"""What servers offered when they were last started, so that the first turn of the next start need not wait for them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from rookery_core.mcp.definitions import Definition
from rookery_core.mcp.settings import ServerSettings
from rookery_core.paths import private_folder, replace_file

FORMAT = 1
"""Of definitions; others are forgotten."""
_DEFINITIONS = TypeAdapter(tuple[Definition, ...])


class Remembered:
    """A file that may be deleted at any time, with one entry for each server, good for exactly its settings."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()

    def get(self, name: str, settings: ServerSettings) -> tuple[Definition, ...] | None:
        """What the server offered; None where that is not known."""
        match self._read().get(name):
            case [key, definitions] if key == _key(settings):
                with contextlib.suppress(ValidationError):
                    return _DEFINITIONS.validate_python(definitions)
        return None

    def keep(self, name: str, settings: ServerSettings, definitions: Iterable[Definition]) -> None:
        """Remember what a server offers."""
        entry = [_key(settings), _DEFINITIONS.dump_python(tuple(definitions), mode="json")]
        with self._lock, contextlib.suppress(OSError):  # without it, the next start waits for the server
            known = self._read()
            if known.get(name) != entry:
                private_folder(self._file.parent)
                replace_file(self._file, json.dumps({**known, name: entry}))

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def _key(settings: ServerSettings) -> str:
    how = settings.model_dump_json(include={"command", "args", "env", "cwd", "url", "headers"})
    return f"{FORMAT} {hashlib.sha256(how.encode('utf-8', 'backslashreplace')).hexdigest()}"
