"""What the model is offered in a turn: the tools that fit, the grammar of a call to one of them, and how it is told.

Knows no model; the same tools and the same model give the same prompt, so that it is read once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache

from rookery_core.config import AgentSettings
from rookery_core.errors import ConfigError
from rookery_core.model.base import Message, ModelInfo, PromptTier, Sampling
from rookery_core.model.constraint import StepGrammar, arguments_grammar
from rookery_core.reasoning import native
from rookery_core.reasoning.gist import LACKING, fits
from rookery_core.reasoning.prompt import head, native_text
from rookery_core.tools.discovery import Discovery
from rookery_core.tools.registry import Registry
from rookery_core.voice import Address, Voice

SMALL_WINDOW = 2048
"""Tokens up to which a window is too small for the full prompt, and for the tools as JSON."""

Prefers = Callable[[ModelInfo], bool]
"""Whether a model that has a form of its own for calls does better with it."""


class Offer:
    """All tools there are, and what of them is put before the model."""

    def __init__(
        self,
        registry: Registry,
        settings: AgentSettings,
        sampling: Sampling,
        prefers_labels: Prefers = lambda _: False,
        installed: Registry | None = None,
        sections: Sequence[str] = (),
    ) -> None:
        """`registry` is what may be offered, `installed` all there is, where that is more; `sections` are of plugins.

        Raises ConfigError for a pinned tool that there is not.
        """
        self._discovery = Discovery(registry)
        self._settings = settings
        self._sampling = sampling
        self._prefers_labels = prefers_labels
        self._sections = tuple(sections)
        try:
            pinned = (installed or registry).only(settings.pinned)
        except ConfigError as exc:
            raise ConfigError(f"agent.pinned: {exc}") from exc
        self._pinned = [name for name in pinned.names if name in registry.names]
        self._voices: dict[tuple[str, ...], Voice] = {}

    def voice(self, request: str, before: Collection[str] = (), used: Collection[str] = ()) -> Voice:
        """How a model is addressed in a turn with this request.

        `before` are the tools of the turn before, `used` those that were called in the session, the last one first.
        """
        chosen = self._discovery.select(request, self._settings.offer, pinned=self._pinned, before=before, used=used)
        if chosen.names not in self._voices:
            self._voices[chosen.names] = Voice(
                address=self._addresses(chosen),
                sampling=self._sampling,
                tools=chosen.names,
                check_arguments=self._settings.check_arguments,
                check_answers=self._settings.check_answers,
                as_said=self._settings.as_said,
                leave_out=self._settings.leave_out,
                point_out=self._settings.point_out,
                repairs=self._settings.repairs,
                quarantine=self._settings.quarantine,
                spotlight=self._settings.spotlight,
            )
        return self._voices[chosen.names]

    def _addresses(self, registry: Registry) -> Callable[[ModelInfo], Address]:
        made = cache(lambda tier: self._labelled(registry, tier))
        own = cache(lambda: in_its_own_form(registry, self._sections))

        def choose(info: ModelInfo) -> Address:
            if info.native and self._wants_native(info):
                return own()
            tier = self._settings.prompt
            if tier == "auto":
                tier = "brief" if info.n_ctx <= SMALL_WINDOW else info.prompt
            return made(tier)

        return choose

    def _labelled(self, registry: Registry, tier: PromptTier) -> Address:
        made = labelled(registry, tier, self._sections, exact=self._settings.exact_thoughts)
        return replace(made, logit_bias=((LACKING, self._settings.ask_bias),)) if made.brief else made

    def _wants_native(self, info: ModelInfo) -> bool:
        form = self._settings.form
        if form == "auto" and info.n_ctx > SMALL_WINDOW:
            return info.prompt == "full" and not self._prefers_labels(info)
        return form == "native"


def labelled(registry: Registry, tier: PromptTier, sections: Sequence[str] = (), *, exact: bool = True) -> Address:
    """Steps with Rookery's labels; `exact` holds thoughts to what they quote and to the tool that they are about."""
    purposes = [fits(offered.name, offered.tool.description) for offered in registry] if exact else []
    act = StepGrammar.of(((offered.name, offered.tool.schema) for offered in registry), purposes)
    answer = StepGrammar.of(())
    told, brief = head(registry, tier, sections), tier == "brief"
    if exact:
        return Address(told, act.text, answer.text, brief)
    free = act.text(), answer.text()
    return Address(told, lambda _: free[0], lambda _: free[1], brief)


def in_its_own_form(registry: Registry, sections: Sequence[str] = ()) -> Address:
    """Calls in the form of the model's own chat template, which lists the tools itself."""
    tools = native.functions(registry) if len(registry) else ""
    system = Message("system", native_text(registry, sections), tools)
    act = native.grammar((offered.name, arguments_grammar(offered.tool.schema)) for offered in registry)
    answer = native.grammar(())
    return Address((system,), lambda _: act, lambda _: answer, native=True)
