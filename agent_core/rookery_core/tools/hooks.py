"""The hooks a plugin may implement, and the markers that say so."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from rookery_core.tools.contract import Tool

PROJECT = "rookery"
CONTRACT_VERSION = 1
"""Raised when a plugin written for an older host would misbehave; a plugin states its own as `rookery_contract = 1`."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def rookery_tools() -> Iterable[Tool]:  # type: ignore[empty-body]
    """The tools this plugin offers."""
