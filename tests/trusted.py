"""A folder that a test works in, trusted as its person would have said."""

from __future__ import annotations

from pathlib import Path

from rookery_core.paths import Paths
from rookery_core.trust import Trust


def trusted(home: Path, folder: Path) -> Path:
    """The folder, trusted by whoever has `home` as ROOKERY_HOME."""
    Trust(Paths.find({"ROOKERY_HOME": str(home)}).trusted).add(folder)
    return folder
