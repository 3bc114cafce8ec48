"""What a program finds around it, as Rookery tells the person who allows it."""

from __future__ import annotations

import os
from pathlib import Path

from rookery_core.plugin import program_environment, which
from rookery_core.plugin import search_path as search_path_of

__all__ = ["environment", "for_python", "search_path", "which"]


def environment() -> dict[str, str]:
    """Of Rookery's own variables what programs need to find their way; the person's keys and tokens stay here."""
    return program_environment(os.environ)


def for_python() -> dict[str, str]:
    """What Rookery's own interpreter may need to be loaded at all."""
    loading = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
    return {name: os.environ[name] for name in loading if name in os.environ}


def search_path(outside: Path | None = None) -> str:
    """PATH without folders that depend on where one is, such as `.`, and without those in the folder `outside`."""
    return search_path_of(os.environ, outside)
