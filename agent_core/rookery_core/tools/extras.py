"""What all plugins offer beside tools, put together: names that two of them use belong to neither.

Built-in names always win.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from rookery_core.tools.extending import Command, RiskRule
from rookery_core.tools.loader import LoadedPlugin, Problem
from rookery_core.tools.rulings import Hook, Rulings

if TYPE_CHECKING:
    from rookery_core.model.base import ModelBackend
    from rookery_core.reasoning.base import Strategy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Extras:
    """Everything but the tools."""

    sections: tuple[str, ...] = ()
    risk_rules: tuple[RiskRule, ...] = ()
    rulings: Rulings = field(default_factory=Rulings)
    strategies: Mapping[str, Strategy] = field(default_factory=dict)
    backends: Mapping[str, Callable[[str], ModelBackend]] = field(default_factory=dict)
    sinks: tuple[Hook, ...] = ()
    commands: Mapping[str, Command] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def put_together(
    plugins: Iterable[LoadedPlugin], *, strategies: Collection[str] = (), commands: Collection[str] = ()
) -> Extras:
    """The extras of these plugins; `strategies` and `commands` are the built-in names."""
    ordered = sorted(plugins, key=lambda plugin: plugin.name)
    problems: list[Problem] = []

    def named(what: str, each: Callable[[LoadedPlugin], Mapping[str, T]], taken: Collection[str] = ()) -> dict[str, T]:
        holders: dict[str, list[LoadedPlugin]] = defaultdict(list)
        for plugin in ordered:
            for name in each(plugin):
                holders[name].append(plugin)
        for name, several in holders.items():
            if name in taken or len(several) > 1:
                owner = "Rookery's own" if name in taken else "offered by another plugin too"
                problems.extend(
                    Problem(plugin.name, plugin.distribution, f"its {what} {name} is left out: the name is {owner}")
                    for plugin in several
                )
        unique = {name: several[0] for name, several in holders.items() if len(several) == 1 and name not in taken}
        return {name: each(plugin)[name] for name, plugin in unique.items()}

    def hooks(each: Callable[[LoadedPlugin], Iterable[Any]]) -> tuple[Hook, ...]:
        return tuple(Hook(p.name, p.distribution, function) for p in ordered for function in each(p) if function)

    return Extras(
        sections=tuple(text for plugin in ordered for text in plugin.offers.sections),
        risk_rules=tuple(rule for plugin in ordered for rule in plugin.offers.risk_rules),
        rulings=Rulings(
            before=hooks(lambda plugin: [plugin.offers.before_tool]),
            after=hooks(lambda plugin: [plugin.offers.after_tool]),
        ),
        strategies=named("strategy", lambda plugin: plugin.offers.strategies, strategies),
        backends=named("model backend", lambda plugin: plugin.offers.backends),
        sinks=hooks(lambda plugin: plugin.offers.sinks),
        commands=named("command", lambda plugin: {made.name: made for made in plugin.offers.commands}, commands),
        problems=tuple(problems),
    )
