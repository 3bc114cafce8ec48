"""What confines one program, as whoever starts it has to know it, and who gives such a thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Box:
    """How one program is confined. It holds for as long as whoever gave it says."""

    entrance: tuple[str, ...]
    """A command that makes the sandbox and in it runs the one that is put behind it; (): there is none to be made."""
    inside: str
    """The folder of the modules that take from a process what it may not have: `confining`, `control_group`."""
    order: Mapping[str, Any]
    """What `confining.restrict` is told, and `groups`, what `control_group.Group` is; for `marshal`."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that are other than outside."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """By their names in the module `resource`."""
    shown: tuple[str, ...] = ()
    """The folders that there are inside."""
    unmade: tuple[str, ...] = ()
    """Names in the workspace where an empty folder stands so that nothing is made there."""

    def shows(self, path: str) -> bool:
        """Whether a file that lies outside is there inside, too."""
        return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in self.shown)


class Sandbox(Protocol):
    """Gives the tools of one call what confines the programs that they start."""

    def box(
        self, *, reads: Sequence[Path] = (), writes: bool = True, harmless: bool = False
    ) -> AbstractContextManager[Box | None]:
        """What confines one program, until it is left. None: nothing does here, and the person allowed that.

        `reads` are folders that it has to see besides; without `writes` it changes nothing in the workspace. What is
        `harmless` wherever it runs is not asked about where there is no sandbox.

        Raises ToolFailed where it must not run here, and NeedsApproval where the person has to be asked first.
        """

    def refused(self, result: str, *, outside: bool = False) -> str:
        """The result of a program that lacked what the sandbox refuses; `outside`: what there is nowhere in it.

        Raises SandboxRefused where the person can be asked to let the same call get further.
        """
