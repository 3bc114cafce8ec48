"""What there is around a program: the workspace, and what of the machine is beside it. Looks at nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rookery_core.approval.places import Places
from rookery_core.sandbox.settings import SandboxSettings


@dataclass(frozen=True, slots=True)
class Room:
    """A workspace and what of the machine is beside it."""

    root: Path
    home: Path
    """The person's; inside it is another one, and empty."""
    places: Places = field(default_factory=Places)
    reads: tuple[Path, ...] = ()
    """Folders that are read besides."""
    code: tuple[Path, ...] = ()
    """What Rookery and its plugins are made of, beside what `places` has."""
    unseen: tuple[Path, ...] = ()
    """Of the system's settings what not everybody may read."""
    settings: SandboxSettings = field(default_factory=SandboxSettings)
    loading: Mapping[str, str] = field(default_factory=dict)
    """Variables that Rookery's interpreter needs to be loaded at all."""

    @property
    def private(self) -> tuple[Path, ...]:
        """What is hidden, wherever it would be seen."""
        return (*self.places.own, *self.places.secret, *self.unseen)


def interpreter() -> tuple[Path, ...]:
    """The folders without which Rookery's own Python does not start."""
    found = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    return tuple(dict.fromkeys(Path(path) for path in found))
