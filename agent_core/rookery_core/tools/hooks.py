"""The hooks a plugin may implement, and the markers that say so. Each returns what it offers, or None for nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

from rookery_core.tools.contract import Tool
from rookery_core.tools.extending import Command, Edit, RiskRule, Ruling, Sink, ToolOutcome, ToolUse

if TYPE_CHECKING:
    from rookery_core.model.base import ModelBackend
    from rookery_core.reasoning.base import Strategy

PROJECT = "rookery"
CONTRACT_VERSION = 1
"""Raised when a plugin written for an older host would misbehave; a plugin states its own as `rookery_contract = 1`."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def rookery_tools() -> Iterable[Tool | object]:  # type: ignore[empty-body]
    """The tools: `@tool` functions, `Tool` values, and objects or classes whose public methods are tools."""


@hookspec
def rookery_prompt_sections() -> Iterable[str]:  # type: ignore[empty-body]
    """Texts for the system message, above the tools; the same each time, of at most 1,000 characters each."""


@hookspec
def rookery_risk_rules() -> Iterable[RiskRule]:  # type: ignore[empty-body]
    """Rules by which calls, also of others' tools, are riskier than their tools say."""


@hookspec
def rookery_before_tool(use: ToolUse) -> Ruling | Awaitable[Ruling]:
    """Allow, deny or rewrite a call before the person is asked; deny wins, and so does an error or 5 s of silence."""


@hookspec
def rookery_after_tool(use: ToolUse, outcome: ToolOutcome) -> Edit | Awaitable[Edit]:
    """Add to, or replace, what the model reads of a result."""


@hookspec
def rookery_strategies() -> Mapping[str, Strategy]:  # type: ignore[empty-body]
    """Ways of thinking by name, to be chosen as `agent.strategy`."""


@hookspec
def rookery_model_backends() -> Mapping[str, Callable[[str], ModelBackend]]:  # type: ignore[empty-body]
    """Sources of text by name: a model called `NAME:REST` is made by calling the function with `REST`."""


@hookspec
def rookery_event_sinks() -> Iterable[Sink]:  # type: ignore[empty-body]
    """Functions that hear every stored event."""


@hookspec
def rookery_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """Slash commands."""
