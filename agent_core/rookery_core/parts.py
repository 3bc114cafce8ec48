"""What an assistant is made of, and what of it may be exchanged between two turns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from rookery_core.approval.policy import Answerer, Approver
from rookery_core.approval.rule_file import Mistake
from rookery_core.budget import Limits
from rookery_core.hosting.catalogue import Plugins
from rookery_core.mcp.servers import Servers
from rookery_core.memory.episodic import Episodes
from rookery_core.memory.notes import Notes
from rookery_core.model.base import ModelBackend
from rookery_core.model.choice import Models
from rookery_core.observe.sinks import Sinks
from rookery_core.offer import Offer
from rookery_core.reasoning.base import Strategy
from rookery_core.store.db import Store
from rookery_core.store.sessions import Sessions
from rookery_core.tools.extending import Command
from rookery_core.tools.loader import Problem
from rookery_core.tools.runner import ToolRunner


@dataclass(frozen=True, slots=True)
class Gear:
    """What depends on the plugins; it may be exchanged between two turns."""

    offer: Offer
    runner: ToolRunner
    sinks: Sinks
    commands: Mapping[str, Command]
    """Plugins' slash commands."""
    strategy: Strategy
    problems: tuple[Problem, ...]
    """Plugins that were left out, and why."""
    rules_of_nothing: tuple[Mistake, ...]
    """What there is to say of rules whose tools there are not."""
    close: Callable[[], Awaitable[None]]
    """Ends the processes of plugins."""
    edition: int
    """Of the MCP servers, whose tools are among these."""
    renewed: Callable[[Gear], Gear]
    """The same with what MCP servers offer by now."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an assistant is made of."""

    store: Store
    sessions: Sessions
    episodes: Episodes
    notes: Notes
    model: ModelBackend
    models: Models
    """Those it may be exchanged for."""
    gear: Gear
    regear: Callable[[Gear], Gear]
    """Looks at the installed plugins anew. Raises ConfigError, PluginError; it may take seconds."""
    servers: Servers
    plugins: Plugins
    approver: Approver
    answerer: Answerer
    strategy_name: str
    limits: Limits
    recall_limit: int
    """Memories offered to the model in each turn; 0 for none."""
    now: Callable[[], float]
    """Unix time."""
    clock: Callable[[], float]
    """Seconds, monotonic."""
