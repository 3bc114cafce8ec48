"""What plugins' hooks say of a call before it is made, and do to its result: in the order of the plugins' names."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rookery_core.events import CallRuled, Event, PluginFailed
from rookery_core.tools.extending import Allow, Append, Deny, Edit, Replace, Rewrite, Ruling, ToolOutcome, ToolUse
from rookery_core.tools.threads import heard

HOOK_SECONDS = 5.0
"""What a hook may take."""

Emit = Callable[[Event], Any]


@dataclass(frozen=True, slots=True)
class Hook:
    """A plugin's function."""

    plugin: str
    distribution: str
    function: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Ruled:
    """What all of them together said of a call."""

    denied: str = ""
    """Why it is not made; "" when it may be."""
    allowed: bool = False
    """Whether it may run without asking the person."""
    rewritten: Mapping[str, Any] | None = None
    """Arguments in place of the model's."""


@dataclass(frozen=True, slots=True)
class Rulings:
    """The hooks of all plugins."""

    before: tuple[Hook, ...] = ()
    after: tuple[Hook, ...] = ()

    @property
    def guards(self) -> tuple[str, ...]:
        """The plugins that may deny calls."""
        return tuple(dict.fromkeys(hook.plugin for hook in self.before))

    @property
    def editors(self) -> tuple[str, ...]:
        """The plugins that may change results."""
        return tuple(dict.fromkeys(hook.plugin for hook in self.after))

    async def rule(self, use: ToolUse, emit: Emit) -> Ruled:
        """Ask every `rookery_before_tool`; deny wins, and one that fails denies, since it may be there to guard."""
        ruled = Ruled()
        for hook in self.before:
            match await _ruling(hook, use):
                case Deny(reason=reason):
                    emit(CallRuled(call_id=use.call_id, plugin=hook.plugin, ruling="deny", reason=reason))
                    ruled = replace(ruled, denied=ruled.denied or reason or f"the plugin {hook.plugin} denies it")
                case Allow(reason=reason):
                    emit(CallRuled(call_id=use.call_id, plugin=hook.plugin, ruling="allow", reason=reason))
                    ruled = replace(ruled, allowed=True)
                case Rewrite(arguments=arguments, reason=reason):
                    made = dict(arguments)
                    emit(
                        CallRuled(
                            call_id=use.call_id, plugin=hook.plugin, ruling="rewrite", reason=reason, arguments=made
                        )
                    )
                    ruled = replace(ruled, rewritten=made, allowed=False)  # what was allowed was another call
                    use = replace(use, arguments=made)
        return ruled

    async def deny(self, use: ToolUse, emit: Emit) -> str:
        """Why a call that was rewritten is not made after all: each hook sees what came of it; "" where none minds.

        That one of them would rewrite it once more is not heard.
        """
        for hook in self.before:
            match await _ruling(hook, use):
                case Deny(reason=reason):
                    emit(CallRuled(call_id=use.call_id, plugin=hook.plugin, ruling="deny", reason=reason))
                    return reason or f"the plugin {hook.plugin} denies it"
        return ""

    async def edit(self, use: ToolUse, outcome: ToolOutcome, emit: Emit) -> str:
        """The output after every `rookery_after_tool`; one that fails is named, and changes nothing."""
        for hook in self.after:
            try:
                name = f"after {hook.plugin}"
                said = _edit(await heard(hook.function, _own(use), outcome, name=name, seconds=HOOK_SECONDS))
            except Exception as exc:
                why = f"took longer than {HOOK_SECONDS:g} s" if isinstance(exc, TimeoutError) else f"failed: {exc!r}"
                reason = f"its rookery_after_tool {why}; the result is as it was"
                emit(PluginFailed(plugin=hook.plugin, distribution=hook.distribution, reason=reason))
                continue
            match said:
                case Append(text=text):
                    outcome = replace(outcome, output=f"{outcome.output.rstrip()}\n{text}")
                case Replace(text=text):
                    outcome = replace(outcome, output=text)
        return outcome.output


async def _ruling(hook: Hook, use: ToolUse) -> Ruling:
    """What one hook says; no is what a failure means."""
    try:
        return _ruled(await heard(hook.function, _own(use), name=f"before {hook.plugin}", seconds=HOOK_SECONDS))
    except TimeoutError:
        return Deny(f"the plugin {hook.plugin} did not say within {HOOK_SECONDS:g} s whether it may")
    except Exception as exc:
        return Deny(f"the plugin {hook.plugin} could not say whether it may: {type(exc).__name__}: {exc}")


def _own(use: ToolUse) -> ToolUse:
    """The call for one hook: what it does to the arguments is not done to the call."""
    return replace(use, arguments=copy.deepcopy(use.arguments))


def _ruled(said: object) -> Ruling:
    """A ruling that is one, with arguments that JSON can say. Raises TypeError, ValueError."""
    match said:
        case None | Allow(reason=str()) | Deny(reason=str()):
            return said
        case Rewrite(arguments=Mapping() as arguments, reason=str(reason)):
            return Rewrite(json.loads(json.dumps(dict(arguments), allow_nan=False)), reason)
        case _:
            raise TypeError(f"it returned {said!r}, which is no ruling")


def _edit(said: object) -> Edit:
    match said:
        case None | Append(text=str()) | Replace(text=str()):
            return said
        case _:
            raise TypeError(f"it returned {said!r}, which is no edit")
