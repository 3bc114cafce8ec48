"""The tools that come with the program."""

from __future__ import annotations

from rookery_core.tools.loader import installed, load
from rookery_core.tools.registry import Registry, register


def built_in_tools() -> Registry:
    """Those of Rookery itself, whatever else is installed here."""
    return register([plugin for plugin in load(installed()).plugins if plugin.built_in])[0]
