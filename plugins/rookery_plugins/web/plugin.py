"""Reading and searching the web; Rookery uses this plugin only where online use is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rookery_core.plugin import Tool, hookimpl
from rookery_plugins.web.connecting import Reach
from rookery_plugins.web.fetch import fetch_page_tool
from rookery_plugins.web.search import search_web_tool


class Web:
    """The plugin, as the section `web` of the settings wants it."""

    rookery_contract = 1

    def __init__(self, settings: Mapping[str, Any], reach: Reach | None = None) -> None:
        """`reach` stands in for the public internet."""
        self._settings = settings
        self._reach = reach or Reach()

    @hookimpl
    def rookery_tools(self) -> list[Tool]:
        provider, url = self._settings.get("search_provider", ""), self._settings.get("search_url", "")
        return [fetch_page_tool(self._reach), search_web_tool(self._reach, provider, url)]
