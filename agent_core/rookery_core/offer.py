"""What the model is offered in a turn: the tools that fit, the grammar of a call to one of them, and how it is told.

Knows no model; the same tools and the same model give the same prompt, so that it is read once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache

from rookery_core.config import AgentSettings
from rookery_core.errors import ConfigError
from rookery_core.model.base import Message, ModelInfo, PromptTier, Sampling
from rookery_core.model.constraint import step_grammar
from rookery_core.reasoning.prompt import head
from rookery_core.run import Voice
from rookery_core.tools.discovery import Discovery
from rookery_core.tools.registry import Registry

SMALL_WINDOW = 2048
"""Tokens up to which a window is too small for the full prompt."""


class Offer:
    """All tools there are, and what of them is put before the model."""

    def __init__(self, registry: Registry, settings: AgentSettings, sampling: Sampling) -> None:
        """Raises ConfigError for a pinned tool that there is not."""
        self._discovery = Discovery(registry)
        self._settings = settings
        self._sampling = sampling
        self._answer = step_grammar(())
        try:
            pinned = registry.only(settings.pinned) if settings.pinned else Registry(())
        except ConfigError as exc:
            raise ConfigError(f"agent.pinned: {exc}") from exc
        self._pinned = pinned.names
        self._voices: dict[tuple[str, ...], Voice] = {}

    def voice(self, request: str, before: Collection[str] = ()) -> Voice:
        """How the model is addressed in a turn with this request; `before` are the tools of the turn before."""
        chosen = self._discovery.select(request, self._settings.offer, pinned=self._pinned, before=before)
        if chosen.names not in self._voices:
            self._voices[chosen.names] = Voice(
                head=_heads(chosen, self._settings.prompt),
                act=step_grammar((offered.name, offered.tool.schema) for offered in chosen),
                answer=self._answer,
                sampling=self._sampling,
                tools=chosen.names,
                check_arguments=self._settings.check_arguments,
            )
        return self._voices[chosen.names]


def _heads(registry: Registry, wanted: str) -> Callable[[ModelInfo], tuple[Message, ...]]:
    @cache
    def made(tier: PromptTier) -> tuple[Message, ...]:
        return head(registry, tier)

    def choose(info: ModelInfo) -> tuple[Message, ...]:
        if wanted in ("full", "brief"):
            return made(wanted)
        return made("brief" if info.n_ctx <= SMALL_WINDOW else info.prompt)

    return choose
