"""A folder with files, and some notes, in which the real built-in tools carry out what a scenario calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rookery_core.errors import ArgumentsInvalid, ToolFailed, ToolRetry
from rookery_core.testing import DictData, ListArtifacts, ListMemory, this_machine
from rookery_core.tools.context import ToolContext
from rookery_core.tools.registry import Registry
from rookery_core.workspace import Workspace
from rookery_training.at_hand import at_hand

_IN_MEMORY = Path("/dev/shm")
TRASH = "~/.local/share/Trash/files"
"""Where the usual trash is, as delete_file says it; here nothing is put there."""
Text = str | bytes


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

    def __init__(
        self, registry: Registry, files: Mapping[str, Text], notes: Mapping[str, str], tasks: Sequence[str] = ()
    ) -> None:
        self._registry = registry
        self._memory = Kept(notes)
        self._data = DictData({"tasks": [{"text": task, "done": False} for task in tasks]} if tasks else {})
        self._artifacts = ListArtifacts()
        self._folder = tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None)
        self._root = Path(self._folder.name)
        self._workspace = Workspace.at(self._root)
        for name, text in files.items():
            path = self._root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def __enter__(self) -> Room:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self._folder.cleanup()

    def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """What the model would be told."""
        tool = self._registry.get(name).tool
        if name == "delete_file":
            return self._delete(str(arguments["path"]))
        try:
            values = tool.validate(arguments, self._workspace)
            if tool.context_parameter is not None:
                values[tool.context_parameter] = ToolContext(
                    call_id="call", workspace=self._workspace, cancelled=threading.Event(),
                    progress=lambda _: None, memory=self._memory, data=self._data, artifacts=self._artifacts,
                    sandbox=this_machine().at(self._workspace.root, asked=True),
                )  # fmt: skip
            with at_hand():
                return str(tool.run(**values))
        except ArgumentsInvalid as exc:
            return f"The arguments do not fit: {exc}"
        except (ToolRetry, ToolFailed) as exc:
            return str(exc)

    def _delete(self, name: str) -> str:
        """As delete_file does and says it, but the person's trash stays as it is."""
        path = self._root / name
        if not path.exists():
            tool = self._registry.get("move_file").tool  # it misses a file in the same words
            return self.call(tool.name, {"source": name, "destination": f"{name}.gone"})
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        return f"deleted {name}; it can be brought back from {TRASH}/{path.name}"

    def run(self, command: str) -> tuple[str, int]:
        """What a harmless command of our own prints here, and its exit code."""
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=self._root, env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60,
        )  # fmt: skip
        return done.stdout.decode(errors="replace").rstrip("\n"), done.returncode

    def files(self) -> dict[str, Text]:
        """All files with their texts; the bytes of those that have none."""
        return {
            path.relative_to(self._root).as_posix(): _text(path.read_bytes())
            for path in sorted(self._root.rglob("*"))
            if path.is_file()
        }


def shell_said(output: str, code: int) -> str:
    """What the shell tool says of a command."""
    return f"{output or '(no output)'}\n[exit code {code}]"


def _text(data: bytes) -> Text:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
