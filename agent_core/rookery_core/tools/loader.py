"""Find installed plugins by their entry points and load them one by one, so that a broken one costs only itself."""

from __future__ import annotations

import importlib.metadata
import inspect
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from rookery_core.errors import PluginError
from rookery_core.events import PluginFailed
from rookery_core.tools import hooks
from rookery_core.tools.contract import Tool
from rookery_core.tools.gathering import Offers, gather
from rookery_core.tools.running import HERE, Place

GROUP = "rookery"
OWN_DISTRIBUTION = "rookery"
OWN_MODULES = "rookery_plugins."
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that works, and what it offers."""

    name: str
    distribution: str
    offers: Offers
    place: Place = HERE
    """Where its tools run."""

    @classmethod
    def of_tools(cls, name: str, distribution: str, tools: Iterable[Tool]) -> LoadedPlugin:
        """One that offers these tools and nothing else."""
        return cls(name, distribution, Offers(tools=tuple(tools)))

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools it offers."""
        return self.offers.tools

    @property
    def built_in(self) -> bool:
        return self.distribution == OWN_DISTRIBUTION


@dataclass(frozen=True, slots=True)
class Problem:
    """A plugin, or a part of one, that was left out."""

    plugin: str
    distribution: str
    reason: str
    failed: bool = True
    """Whether something that was to be used is not; otherwise it is only to be known."""
    quiet: bool = False
    """Whether it is said only to who asks what there is, and not at every start."""

    def event(self) -> PluginFailed:
        """That it happened."""
        return PluginFailed(plugin=self.plugin, distribution=self.distribution, reason=self.reason)


async def _nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading all plugins."""

    plugins: tuple[LoadedPlugin, ...]
    problems: tuple[Problem, ...]
    close: Callable[[], Awaitable[None]] = _nothing
    """Ends what runs elsewhere."""
    expected: frozenset[str] = frozenset()
    """Names of plugins whose tools may come later."""


def installed() -> list[importlib.metadata.EntryPoint]:
    """The entry points of every installed distribution, by name; a distribution whose own cannot be read has none."""
    try:
        found = list(importlib.metadata.entry_points(group=GROUP))
    except Exception:  # whosever it is, it would take all others with it
        found = [*_one_by_one()]
    return sorted(found, key=lambda ep: (ep.name, distribution_of(ep)))


Settings = Mapping[str, Mapping[str, Any]]
"""Of plugins that have a section in Rookery's settings, by the plugin's name."""


def load(
    entry_points: Iterable[importlib.metadata.EntryPoint],
    *,
    disabled: Collection[str] = (),
    settings: Settings | None = None,
) -> Loaded:
    """Load each plugin that is not disabled; whatever one of them does, the others are loaded.

    A factory that takes `settings` is given those of the plugin's name, which only Rookery's own have. Two
    distributions that use one name: a built-in keeps it, otherwise neither is loaded.
    """
    found = [ep for ep in entry_points if ep.name not in disabled]
    owners = Counter(ep.name for ep in found)
    own = {ep.name for ep in found if distribution_of(ep) == OWN_DISTRIBUTION}
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    plugins: list[LoadedPlugin] = []
    problems: list[Problem] = []
    for ep in found:
        distribution = distribution_of(ep)
        try:
            if why := why_not_loaded(ep, owners[ep.name], built_in=ep.name in own):
                raise PluginError(why)
            offers, ignored = _load_one(manager, ep, (settings or {}).get(ep.name, {}))
        except BaseException as exc:  # a plugin may raise anything at import, SystemExit and KeyboardInterrupt included
            problems.append(Problem(ep.name, distribution, _reason(exc)))
            continue
        plugins.append(LoadedPlugin(ep.name, distribution, offers))
        problems.extend(Problem(ep.name, distribution, f"unknown hook {hook} is ignored") for hook in ignored)
    return Loaded(tuple(plugins), tuple(problems))


def why_not_loaded(ep: importlib.metadata.EntryPoint, n_owners: int, *, built_in: bool) -> str:
    """Why a plugin of this name cannot be loaded, before anything is imported; "" where it can."""
    if not distribution_of(ep):
        return "its distribution has no name of its own that can be read"
    if not _NAME.fullmatch(ep.name):
        return "its name is not lower-case letters, digits, _ and -; its author has to change it"
    if n_owners > 1 and distribution_of(ep) != OWN_DISTRIBUTION:
        owner = "built into Rookery" if built_in else "used by another installed distribution too"
        return f"the plugin name {ep.name} is {owner}; uninstall one of them"
    return ""


def _one_by_one() -> Iterator[importlib.metadata.EntryPoint]:
    """The same as importlib.metadata finds, of one distribution after another; the first of a name counts."""
    known = set()
    for distribution in importlib.metadata.distributions():
        name = re.sub(r"[-_.]+", "-", header_of(distribution, "Name")).lower()
        if not name or name in known:
            continue
        known.add(name)
        try:
            yield from [ep for ep in distribution.entry_points if ep.group == GROUP]
        except Exception:  # it may hold anything
            continue


def _load_one(
    manager: pluggy.PluginManager, ep: importlib.metadata.EntryPoint, settings: Mapping[str, Any]
) -> tuple[Offers, list[str]]:
    plugin = ep.load()
    if isinstance(plugin, type) or inspect.isroutine(plugin):  # a factory
        plugin = plugin(settings=settings) if _takes_settings(plugin) else plugin()
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
        found = {
            caller.name: _by_position(impl, caller)
            for caller in callers
            if caller.has_spec()
            for impl in caller.get_hookimpls()
            if impl.plugin is plugin
        }
        return gather(found), ignored
    except BaseException:
        manager.unregister(plugin)
        raise


def _takes_settings(factory: Callable[..., Any]) -> bool:
    try:
        return "settings" in inspect.signature(factory).parameters
    except (TypeError, ValueError):  # some built into Python have none
        return False


def _by_position(impl: pluggy.HookImpl, caller: pluggy.HookCaller) -> Callable[..., Any]:
    """The plugin's function, given all that the hook has; it may name fewer of them, as pluggy allows."""
    if impl.hookwrapper or impl.wrapper:
        raise PluginError(f"{caller.name} is a hook wrapper; each plugin speaks for itself here")
    known = caller.spec.argnames if caller.spec is not None else ()
    return lambda *given: impl.function(*(given[known.index(name)] for name in impl.argnames))


def distribution_of(ep: importlib.metadata.EntryPoint) -> str:
    """The name of the distribution that has it; "" where there is none, and where it says to be Rookery and is not."""
    name = header_of(ep.dist, "Name") if ep.dist is not None else ""
    return "" if name == OWN_DISTRIBUTION and not ep.value.startswith(OWN_MODULES) else name


def header_of(distribution: importlib.metadata.Distribution, name: str) -> str:
    """A header of its metadata, such as `Name`, without parsing the whole of it, which takes ten times as long.

    "" where there is none, or it cannot be read.
    """
    try:
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    except UnicodeError:
        return ""
    found = re.search(rf"^{name}: *(.+)$", text.partition("\n\n")[0], re.MULTILINE)
    return found[1].strip() if found else ""


def _reason(exc: BaseException) -> str:
    if isinstance(exc, PluginError):
        return str(exc)
    text = str(exc)
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
