"""The folder a session works in, and the rule that a tool's paths stay inside it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from rookery_core.errors import ArgumentsInvalid


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder, by its real path."""

    root: Path

    @classmethod
    def at(cls, folder: Path) -> Workspace:
        """The workspace at `folder`; symbolic links in it are resolved once, here."""
        return cls(Path(os.path.realpath(folder)))

    def resolve(self, text: str | os.PathLike[str]) -> Path:
        """The real path that `text` means, relative to the root.

        Raises ArgumentsInvalid when it lies outside the workspace, also by `..` or through a symbolic link. The check
        and the later use are two steps: a path that another program swaps in between is the sandbox's business.
        """
        raw = os.fspath(text)
        if not raw:
            raise ArgumentsInvalid("the path is empty; give a path inside the workspace")
        if "\0" in raw:
            raise ArgumentsInvalid("the path holds a NUL character")
        try:
            real = Path(os.path.realpath(self.root / raw))
        except OSError as exc:
            raise ArgumentsInvalid(f"the path cannot be resolved: {exc.strerror}") from exc
        if real != self.root and self.root not in real.parents:
            raise ArgumentsInvalid(f"{raw} is outside the workspace; give a path inside it, like notes.txt")
        return real

    def relative(self, path: Path) -> str:
        """How a path inside the workspace is shown: from the root, with forward slashes."""
        return path.relative_to(self.root).as_posix()
