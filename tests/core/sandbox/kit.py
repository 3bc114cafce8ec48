"""What tests of the sandbox have in common: a sandbox of a level that is said, and a tool call in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rookery_core.approval.places import Places
from rookery_core.sandbox.inside import landlock
from rookery_core.sandbox.level import Found, Level
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.sandbox.settings import SandboxSettings
from rookery_core.testing import this_machine

linux = pytest.mark.skipif(sys.platform != "linux", reason="programs are confined on Linux alone")
whole = pytest.mark.skipif(
    not os.environ.get("CI") and this_machine().level < Level.L3, reason="this machine has no whole sandbox"
)
"""In CI a machine without is a failure."""


class Fixed(Confinement):
    """A sandbox whose level is not tried."""

    level_found = Level.L3

    @property
    def found(self) -> Found:
        why = () if self.level_found is Level.L3 else ("L3: there is no bubblewrap",)
        return Found(self.level_found, why, landlock.version())


def fixed(
    level: Level, *, allow_root: bool = True, settings: SandboxSettings | None = None, own: Path | None = None
) -> Fixed:
    """A sandbox of that level."""
    places = Places(own=(own,) if own else ())
    made = Fixed.of(settings or SandboxSettings(), places, Path.home(), os.environ, allow_root=allow_root)
    assert isinstance(made, Fixed)
    made.level_found = level
    return made
