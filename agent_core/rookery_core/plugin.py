"""All that a plugin author imports: how to make a tool, what it may raise, and how to announce it."""

from rookery_core.errors import ToolFailed, ToolRetry
from rookery_core.tools.contract import Example, Memory, Risk, Tool, ToolContext, ToolResult, WorkspacePath, tool
from rookery_core.tools.hooks import CONTRACT_VERSION, hookimpl
from rookery_core.workspace import Workspace

__all__ = [
    "CONTRACT_VERSION",
    "Example",
    "Memory",
    "Risk",
    "Tool",
    "ToolContext",
    "ToolFailed",
    "ToolResult",
    "ToolRetry",
    "Workspace",
    "WorkspacePath",
    "hookimpl",
    "tool",
]
