"""Find installed plugins by their entry points and load them one by one, so that a broken one costs only itself."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pluggy

from rookery_core.errors import PluginError
from rookery_core.tools import hooks
from rookery_core.tools.contract import Tool

GROUP = "rookery"
OWN_DISTRIBUTION = "rookery"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that works, and what it offers."""

    name: str
    distribution: str
    tools: tuple[Tool, ...]

    @property
    def built_in(self) -> bool:
        return self.distribution == OWN_DISTRIBUTION


@dataclass(frozen=True, slots=True)
class Problem:
    """A plugin, or a part of one, that was left out."""

    plugin: str
    distribution: str
    reason: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading all plugins."""

    plugins: tuple[LoadedPlugin, ...]
    problems: tuple[Problem, ...]


def installed() -> list[importlib.metadata.EntryPoint]:
    """The entry points of every installed distribution, by name."""
    return sorted(importlib.metadata.entry_points(group=GROUP), key=lambda ep: (ep.name, _distribution(ep)))


def load(entry_points: Iterable[importlib.metadata.EntryPoint], *, disabled: Collection[str] = ()) -> Loaded:
    """Load each plugin that is not disabled; whatever one of them does, the others are loaded.

    Two distributions that use one name: a built-in keeps it, otherwise neither is loaded.
    """
    found = [ep for ep in entry_points if ep.name not in disabled]
    owners = Counter(ep.name for ep in found)
    own = {ep.name for ep in found if _distribution(ep) == OWN_DISTRIBUTION}
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    plugins: list[LoadedPlugin] = []
    problems: list[Problem] = []
    for ep in found:
        distribution = _distribution(ep)
        try:
            if not _NAME.fullmatch(ep.name):
                raise PluginError("its name is not lower-case letters, digits, _ and -; its author has to change it")
            if owners[ep.name] > 1 and distribution != OWN_DISTRIBUTION:
                owner = "built into Rookery" if ep.name in own else "used by another installed distribution too"
                raise PluginError(f"the plugin name {ep.name} is {owner}; uninstall one of them")
            tools, ignored = _load_one(manager, ep)
        except BaseException as exc:  # a plugin may raise anything at import, SystemExit and KeyboardInterrupt included
            problems.append(Problem(ep.name, distribution, _reason(exc)))
            continue
        plugins.append(LoadedPlugin(ep.name, distribution, tools))
        problems.extend(Problem(ep.name, distribution, f"unknown hook {hook} is ignored") for hook in ignored)
    return Loaded(tuple(plugins), tuple(problems))


def _load_one(manager: pluggy.PluginManager, ep: importlib.metadata.EntryPoint) -> tuple[tuple[Tool, ...], list[str]]:
    plugin = ep.load()
    if isinstance(plugin, type) or inspect.isroutine(plugin):
        plugin = plugin()  # a factory without arguments
    version = getattr(plugin, "rookery_contract", hooks.CONTRACT_VERSION)
    if not isinstance(version, int) or version > hooks.CONTRACT_VERSION:
        raise PluginError(
            f"it needs plugin contract {version}, and this Rookery has {hooks.CONTRACT_VERSION}; upgrade Rookery"
        )
    if manager.register(plugin, name=ep.name) is None:
        raise PluginError("it is blocked")
    try:
        callers = manager.get_hookcallers(plugin) or []
        ignored = [caller.name for caller in callers if not caller.has_spec()]
        tools: list[Tool] = []
        for impl in manager.hook.rookery_tools.get_hookimpls():
            if impl.plugin is plugin:
                tools.extend(_checked(impl.function()))
        return tuple(tools), ignored
    except BaseException:
        manager.unregister(plugin)
        raise


def _checked(offered: object) -> list[Tool]:
    if not isinstance(offered, Iterable) or isinstance(offered, str):
        raise PluginError(f"rookery_tools must return a list of tools, not {type(offered).__name__}")
    tools = list(offered)
    for item in tools:
        if not isinstance(item, Tool):
            raise PluginError(f"rookery_tools returned {item!r}, which is not a tool; decorate the function with @tool")
    names = [item.name for item in tools]
    if len(set(names)) < len(names):
        raise PluginError("it offers two tools of one name")
    return tools


def _distribution(ep: importlib.metadata.EntryPoint) -> str:
    return ep.dist.name if ep.dist is not None else ""


def _reason(exc: BaseException) -> str:
    if isinstance(exc, PluginError):
        return str(exc)
    text = str(exc)
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
