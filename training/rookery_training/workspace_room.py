"""A folder with files, and some notes, in which the real built-in tools carry out what a scenario calls."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rookery_core.errors import ArgumentsInvalid, ToolFailed, ToolRetry
from rookery_core.testing import ListMemory
from rookery_core.tools.context import ToolContext
from rookery_core.tools.registry import Registry
from rookery_core.workspace import Workspace

_IN_MEMORY = Path("/dev/shm")


class Kept(ListMemory):
    """Notes with the ids that they have."""

    def __init__(self, notes: Mapping[str, str]) -> None:
        super().__init__()
        self.notes = dict(notes)

    def add(self, text: str) -> str:
        ref = str(max(map(int, self.notes), default=0) + 1)
        self.notes[ref] = text
        return ref


class Room:
    """Used in a `with`; it is gone after."""

    def __init__(self, registry: Registry, files: Mapping[str, str], notes: Mapping[str, str]) -> None:
        self._registry = registry
        self._memory = Kept(notes)
        self._folder = tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None)
        self._root = Path(self._folder.name)
        self._workspace = Workspace.at(self._root)
        for name, text in files.items():
            path = self._root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def __enter__(self) -> Room:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self._folder.cleanup()

    def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What the model would be told."""
        tool = self._registry.get(name).tool
        try:
            values = tool.validate(arguments, self._workspace)
            if tool.context_parameter is not None:
                values[tool.context_parameter] = ToolContext(
                    call_id="call", workspace=self._workspace, cancelled=threading.Event(),
                    progress=lambda _: None, memory=self._memory,
                )  # fmt: skip
            return str(tool.run(**values))
        except ArgumentsInvalid as exc:
            return f"The arguments do not fit: {exc}"
        except (ToolRetry, ToolFailed) as exc:
            return str(exc)

    def files(self) -> dict[str, str]:
        """All files with their texts."""
        return {
            path.relative_to(self._root).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(self._root.rglob("*"))
            if path.is_file()
        }
