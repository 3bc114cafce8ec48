"""What a plugin's hooks return, checked: everything it offers as one value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rookery_core.errors import PluginError
from rookery_core.tools.contract import Risk, Tool
from rookery_core.tools.extending import Command, RiskRule, Sink
from rookery_core.tools.patterns import check_pattern
from rookery_core.tools.signature import methods

if TYPE_CHECKING:
    from rookery_core.model.base import ModelBackend
    from rookery_core.reasoning.base import Strategy

SECTION_CHARS = 1_000
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Offers:
    """What one plugin offers."""

    tools: tuple[Tool, ...] = ()
    sections: tuple[str, ...] = ()
    risk_rules: tuple[RiskRule, ...] = ()
    before_tool: Callable[..., Any] | None = None
    after_tool: Callable[..., Any] | None = None
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    backends: Mapping[str, Callable[[str], ModelBackend]] = field(default_factory=dict)
    sinks: tuple[Sink, ...] = ()
    commands: tuple[Command, ...] = ()


def gather(hooks: Mapping[str, Callable[..., Any]]) -> Offers:
    """Call the hooks of one plugin, by name. Raises what they raise, and PluginError for what breaks the contract."""

    def made(name: str) -> Any:
        return hooks[name]() if name in hooks else None

    return Offers(
        tools=_tools(made("rookery_tools")),
        sections=_sections(made("rookery_prompt_sections")),
        risk_rules=_each("rookery_risk_rules", made("rookery_risk_rules"), RiskRule, _rule),
        before_tool=hooks.get("rookery_before_tool"),
        after_tool=hooks.get("rookery_after_tool"),
        strategies=_named("rookery_strategies", made("rookery_strategies")),
        backends=_named("rookery_model_backends", made("rookery_model_backends")),
        sinks=_each("rookery_event_sinks", made("rookery_event_sinks"), Callable, lambda _: None),
        commands=_each("rookery_commands", made("rookery_commands"), Command, _command),
    )


def _tools(offered: object) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    for item in _list("rookery_tools", offered, "tools"):
        if isinstance(item, Tool):
            if item.method:
                raise PluginError(f"tool {item.name} is a method; offer an object of its class")
            tools.append(item)
            continue
        toolbox = item() if isinstance(item, type) else item
        found = methods(toolbox) if type(toolbox).__module__ not in ("builtins", "functools") else []
        if not found:
            raise PluginError(f"rookery_tools returned {item!r}, which is not a tool; decorate the function with @tool")
        tools += found
    names = [item.name for item in tools]
    if len(set(names)) < len(names):
        raise PluginError("it offers two tools of one name")
    return tuple(tools)


def _sections(offered: object) -> tuple[str, ...]:
    sections = _list("rookery_prompt_sections", offered, "texts")
    for text in sections:
        if not isinstance(text, str) or not text.strip():
            raise PluginError(f"rookery_prompt_sections returned {text!r}, which is no text")
        if len(text) > SECTION_CHARS:
            raise PluginError(f"a prompt section has {len(text)} characters, {SECTION_CHARS} at most")
    return tuple(text.strip() for text in sections)


def _each(hook: str, offered: object, kind: Any, check: Callable[[Any], None]) -> tuple[Any, ...]:
    items = _list(hook, offered, "values")
    for item in items:
        if not (callable(item) if kind is Callable else isinstance(item, kind)):
            wanted = "function" if kind is Callable else kind.__name__
            raise PluginError(f"{hook} returned {item!r}, which is no {wanted}")
        check(item)
    return tuple(items)


def _named(hook: str, offered: object) -> dict[str, Any]:
    if offered is None:
        return {}
    if not isinstance(offered, Mapping):
        raise PluginError(f"{hook} must return a dictionary of names, not {type(offered).__name__}")
    for name, value in offered.items():
        if not isinstance(name, str) or not _WORD.fullmatch(name):
            raise PluginError(f"{hook}: the name {name!r} is not lower-case letters, digits, _ and -")
        if not callable(value):
            raise PluginError(f"{hook}: {name} is {value!r}, which is no function")
    return dict(offered)


def _rule(rule: RiskRule) -> None:
    if rule.risk not in set(Risk):
        raise PluginError(f"a risk rule is wrong: its risk is {rule.risk!r}, not one of {', '.join(Risk)}")
    if not all(isinstance(text, str) for text in (rule.tool, rule.reason, *rule.when, *rule.when.values())):
        raise PluginError(f"a risk rule is wrong: its tool, reason, arguments and patterns must be texts: {rule!r}")
    for argument, pattern in rule.when.items():
        try:
            check_pattern(pattern)
        except PluginError as exc:
            raise PluginError(f"a risk rule's pattern for {argument} is no regular expression of RE2: {exc}") from exc


def _command(command: Command) -> None:
    if not isinstance(command.name, str) or not re.fullmatch("[a-z]{1,20}", command.name):
        raise PluginError(f"the command name {command.name!r} is not 1 to 20 lower-case letters")
    if not isinstance(command.help, str):
        raise PluginError(f"the command {command.name} is wrong: its help is {command.help!r}, which is no text")
    if not callable(command.run):
        raise PluginError(f"the command {command.name} is {command.run!r}, which is no function")


def _list(hook: str, offered: object, what: str) -> list[Any]:
    if offered is None:
        return []
    if not isinstance(offered, Iterable) or isinstance(offered, str | Mapping):
        raise PluginError(f"{hook} must return a list of {what}, not {type(offered).__name__}")
    return list(offered)
