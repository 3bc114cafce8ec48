"""All that a plugin author imports: how to make a tool, what it may raise, how to announce it, what hooks exchange.

What only strategies, model backends and sinks need is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rookery_core.errors import ArgumentsInvalid, NeedsApproval, ToolFailed, ToolRetry, TurnPaused
from rookery_core.folder import Folder
from rookery_core.sandbox.box import Box, Sandbox
from rookery_core.stems import stems
from rookery_core.surroundings import program_environment, search_path, which
from rookery_core.text import size_text
from rookery_core.tools.context import Artifacts, Data, Memory, Person, Secrets, TextModel, ToolContext
from rookery_core.tools.contract import Example, Risk, Tool, ToolResult, WorkspaceEntry, WorkspacePath
from rookery_core.tools.extending import (
    Allow,
    Append,
    Command,
    CommandContext,
    Deny,
    Replace,
    Rewrite,
    RiskRule,
    Send,
    ToolOutcome,
    ToolUse,
)
from rookery_core.tools.hooks import CONTRACT_VERSION, hookimpl
from rookery_core.tools.signature import tool
from rookery_core.workspace import Workspace

if TYPE_CHECKING:
    from rookery_core.errors import ModelDied, ModelError, ModelUnreadable, RookeryError, StepUnparsable
    from rookery_core.events import (
        Answered,
        ApprovalRequested,
        ApprovalResolved,
        CallRuled,
        Event,
        StepFailed,
        StepStarted,
        ThoughtFormed,
        ToolFinished,
        ToolRequested,
        ToolStarted,
        ToolStatus,
        TurnEnded,
        TurnStarted,
        TurnStatus,
    )
    from rookery_core.model.base import Completion, Delta, Message, ModelBackend, ModelInfo, Reading, Sampling
    from rookery_core.reasoning.base import Outcome, Strategy, Task
    from rookery_core.reasoning.step import Answer, Step, ToolCall, parse
    from rookery_core.run import Run
    from rookery_core.usage import Usage

_LATER = {
    "rookery_core.errors": ("ModelDied", "ModelError", "ModelUnreadable", "RookeryError", "StepUnparsable"),
    "rookery_core.events": (
        "Answered", "ApprovalRequested", "ApprovalResolved", "CallRuled", "Event", "StepFailed",
        "StepStarted", "ThoughtFormed", "ToolFinished", "ToolRequested", "ToolStarted",
        "ToolStatus", "TurnEnded", "TurnStarted", "TurnStatus",
    ),
    "rookery_core.model.base": (
        "Completion", "Delta", "Message", "ModelBackend", "ModelInfo", "Reading", "Sampling",
    ),
    "rookery_core.reasoning.base": ("Outcome", "Strategy", "Task"),
    "rookery_core.reasoning.step": ("Answer", "Step", "ToolCall", "parse"),
    "rookery_core.run": ("Run",),
    "rookery_core.usage": ("Usage",),
}  # fmt: skip
_HOME = {name: module for module, names in _LATER.items() for name in names}

__all__ = [
    "Allow",
    "Answer",
    "Answered",
    "Append",
    "ApprovalRequested",
    "ApprovalResolved",
    "ArgumentsInvalid",
    "Artifacts",
    "Box",
    "CONTRACT_VERSION",
    "CallRuled",
    "Command",
    "CommandContext",
    "Completion",
    "Data",
    "Delta",
    "Deny",
    "Event",
    "Example",
    "Folder",
    "Memory",
    "Message",
    "ModelBackend",
    "ModelDied",
    "ModelError",
    "ModelInfo",
    "ModelUnreadable",
    "NeedsApproval",
    "Outcome",
    "Person",
    "Reading",
    "Replace",
    "Rewrite",
    "Risk",
    "RiskRule",
    "RookeryError",
    "Run",
    "Sampling",
    "Sandbox",
    "Secrets",
    "Send",
    "Step",
    "StepFailed",
    "StepStarted",
    "StepUnparsable",
    "Strategy",
    "Task",
    "TextModel",
    "ThoughtFormed",
    "Tool",
    "ToolCall",
    "ToolContext",
    "ToolFailed",
    "ToolFinished",
    "ToolOutcome",
    "ToolRequested",
    "ToolResult",
    "ToolRetry",
    "ToolStarted",
    "ToolStatus",
    "ToolUse",
    "TurnEnded",
    "TurnPaused",
    "TurnStarted",
    "TurnStatus",
    "Usage",
    "Workspace",
    "WorkspaceEntry",
    "WorkspacePath",
    "hookimpl",
    "parse",
    "program_environment",
    "search_path",
    "size_text",
    "stems",
    "tool",
    "which",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"rookery_core.plugin has no {name!r}")
    return getattr(import_module(_HOME[name]), name)
