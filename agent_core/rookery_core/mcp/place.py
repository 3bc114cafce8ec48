"""The place of a server's tools: arguments are checked here, and the call is made there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from rookery_core.mcp.server import Server
from rookery_core.tools.context import ToolContext
from rookery_core.tools.contract import Tool, check_schema
from rookery_core.tools.running import Deadline, End, Fitted, jsonable, within
from rookery_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class AtServer:
    """The place of one server's tools."""

    whose: ClassVar[Literal["plugin", "server"]] = "server"
    server: Server

    async def fit(self, tool: Tool, arguments: Mapping[str, Any], workspace: Workspace) -> Fitted:
        """Check against the schema, but for its regular expressions, which the server does: one may take for ever.

        What is allowed "for this session" is exactly this call.
        """
        values = check_schema(tool, arguments, patterns=False)
        return Fitted(values, jsonable(values), (json.dumps(values, sort_keys=True, ensure_ascii=False),))

    async def preview(self, tool: Tool, fitted: Fitted, context: ToolContext) -> str:
        """A server says nothing of a call before it is made."""
        return ""

    async def run(self, tool: Tool, fitted: Fitted, context: ToolContext, deadline: Deadline, end: End) -> str:
        """Have the server carry it out; a call that is stopped is cancelled there."""
        return await within(self._run(tool, fitted, context), tool.name, context, deadline, end)

    async def _run(self, tool: Tool, fitted: Fitted, context: ToolContext) -> str:
        connection = await self.server.connection(tool)
        try:
            return await connection.call(self.server.theirs[tool.name], fitted.values, context)
        finally:
            if not connection.over:
                self.server.worked()
