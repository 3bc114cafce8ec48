"""The tools that are offered, by the names the model and the person use for them."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from rookery_core.errors import ConfigError, ToolUnknown
from rookery_core.tools.contract import Risk, Tool
from rookery_core.tools.loader import OWN_DISTRIBUTION, LoadedPlugin, Problem
from rookery_core.tools.running import HERE, Place


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool with the plugin it is from."""

    tool: Tool
    plugin: str
    distribution: str
    name: str
    """What the model calls it: the short name while it is unique, else `plugin.tool`."""
    place: Place = HERE
    """Where it runs."""

    @property
    def full_name(self) -> str:
        return f"{self.plugin}.{self.tool.name}"

    @property
    def built_in(self) -> bool:
        return self.distribution == OWN_DISTRIBUTION


class Registry:
    """An immutable set of offered tools, ordered by name so that the prompt does not depend on load order."""

    def __init__(self, tools: Iterable[OfferedTool], expected: Collection[str] = ()) -> None:
        """`expected` are plugins whose tools may come later, so that they may be named already."""
        self.expected = frozenset(expected)
        self._tools = tuple(sorted(tools, key=lambda offered: offered.name))
        self._by_name = {offered.full_name: offered for offered in self._tools}
        self._by_name.update({offered.name: offered for offered in self._tools})

    def __iter__(self) -> Iterator[OfferedTool]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        """Whether there is a tool of that short or full name."""
        return name in self._by_name

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(offered.name for offered in self._tools)

    def get(self, name: str) -> OfferedTool:
        """The tool of that short or full name; ToolUnknown names the ones there are."""
        try:
            return self._by_name[name]
        except KeyError:
            known = ", ".join(self.names) or "none"
            raise ToolUnknown(f"there is no tool named {name}; the tools are: {known}") from None

    def of_risk(self, risk: Risk) -> Registry:
        """Those of this kind of risk."""
        return Registry(offered for offered in self if offered.tool.risk is risk)

    def only(self, wanted: Collection[str]) -> Registry:
        """The tools of those names, and all tools of a plugin where a name is a plugin's; ConfigError for others.

        A name that both a tool and a plugin have means the tool.
        """
        kept: list[OfferedTool] = []
        for name in wanted:
            by_plugin = [offered for offered in self._tools if offered.plugin == name]
            if name in self._by_name:
                kept.append(self._by_name[name])
            elif by_plugin:
                kept.extend(by_plugin)
            elif name.partition(".")[0] not in self.expected:
                known = sorted({*self._by_name, *(offered.plugin for offered in self._tools)})
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else "."
                raise ConfigError(f"there is no tool or plugin named {name}{hint} Known: {', '.join(self.names)}")
        return Registry({offered.full_name: offered for offered in kept}.values(), self.expected)


def register(plugins: Iterable[LoadedPlugin], expected: Collection[str] = ()) -> tuple[Registry, tuple[Problem, ...]]:
    """Name every tool: the short name while it is unique; a built-in keeps its own against everyone."""
    by_short: dict[str, list[tuple[LoadedPlugin, Tool]]] = defaultdict(list)
    for plugin in plugins:
        for tool in plugin.tools:
            by_short[tool.name].append((plugin, tool))
    offered: list[OfferedTool] = []
    problems: list[Problem] = []
    for short, holders in by_short.items():
        keeps_short = [plugin for plugin, _ in holders if plugin.built_in] if len(holders) > 1 else [holders[0][0]]
        for plugin, tool in holders:
            is_short = len(keeps_short) == 1 and plugin is keeps_short[0]
            name = short if is_short else f"{plugin.name}.{short}"
            if not is_short:
                problems.append(
                    Problem(
                        plugin.name,
                        plugin.distribution,
                        f"the tool name {short} is taken, so it is called {name}",
                        failed=False,
                    )
                )
            offered.append(OfferedTool(tool, plugin.name, plugin.distribution, name, plugin.place))
    return Registry(offered, expected), tuple(problems)
