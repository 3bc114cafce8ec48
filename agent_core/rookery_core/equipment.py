"""What an assistant has to work with: the tools and whatever else plugins and MCP servers bring."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rookery_core.approval.places import Places
from rookery_core.approval.policy import Allowed, Grants
from rookery_core.approval.rule_file import Mistake
from rookery_core.approval.rule_names import about_nothing
from rookery_core.approval.rulebook import Rulebook
from rookery_core.config import Config
from rookery_core.config_file import load_config
from rookery_core.errors import ConfigError, PluginError
from rookery_core.events import Mode
from rookery_core.hosting import installation
from rookery_core.hosting.admission import NEEDS_NETWORK, Admissions, Wishes
from rookery_core.hosting.boxing import Boxes
from rookery_core.hosting.describing import Manifests
from rookery_core.mcp.remembered import Remembered
from rookery_core.mcp.server import Surroundings
from rookery_core.mcp.servers import Servers, used
from rookery_core.mcp.settings import ServerSettings
from rookery_core.memory.notes import CallNotes, Notes
from rookery_core.paths import Paths
from rookery_core.reasoning.base import Strategy
from rookery_core.reasoning.react import react
from rookery_core.redact import known_to
from rookery_core.sandbox.guests import Guests
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.store.artifacts import CallArtifacts
from rookery_core.store.db import Store
from rookery_core.store.plugin_data import PluginData
from rookery_core.text import one_line
from rookery_core.tools import loader
from rookery_core.tools.contract import Risk
from rookery_core.tools.extras import Extras, put_together
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.loader import Loaded, Problem
from rookery_core.tools.registry import Registry, register
from rookery_core.tools.runner import ToolRunner
from rookery_core.tools.usable import usable_of
from rookery_core.workspace import Workspace

STRATEGIES: Mapping[str, Strategy] = {"react": react}


@dataclass(frozen=True, slots=True)
class Options:
    """What is decided for one start of the program, over the settings."""

    workspace: Path
    model: str | None = None
    """Path or name; None: as configured."""
    tools: Collection[str] | None = None
    """Offer only these tools or plugins; None: all."""
    allow: Collection[str] = ()
    """Kinds of risk and tools that run without asking."""
    max_steps: int | None = None
    seed: int | None = None
    recall: bool | None = None
    """Whether earlier sessions and notes are put before the model; None: as configured."""
    plugins: Collection[str] | None = None
    """Of the plugins that are not Rookery's own, use these alone, enabled or not; None: those that were enabled."""
    strict: bool = False
    """Whether a plugin that is to be used and cannot be keeps the program from starting."""
    mode: Mode | None = None
    """The permission mode that sessions begin in; None: as configured."""
    trusted: bool = True
    """Whether the person trusts the workspace. Where they do not, only tools that compute are offered, no MCP server is
    started, and nothing that the folder holds is looked at."""
    online: bool = False
    """Whether Rookery's own plugins may use the network, also where the settings do not say so."""
    commands: Collection[str] = ()
    """Names of the front end's own slash commands, which no plugin may take."""
    allow_root: bool = False
    """Whether root's programs may run where the sandbox is not whole."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """The tools there are, and what else plugins bring."""

    usable: Registry
    """All tools that work."""
    extras: Extras
    problems: tuple[Problem, ...]
    close: Callable[[], Awaitable[None]]
    """Ends the processes of plugins."""
    rulebook: Rulebook
    places: Places
    confinement: Confinement
    rules_of_nothing: tuple[Mistake, ...] = ()
    """What there is to say of rules whose tools there are not."""

    def runner(self, store: Store, options: Options, grants: Grants | None = None) -> ToolRunner:
        """What carries out calls of the tools that are offered. Raises ConfigError."""
        offered = self.usable if options.tools is None else self.usable.only(options.tools)
        workspace = Workspace.at(options.workspace)
        return ToolRunner(
            registry=offered if options.trusted else offered.of_risk(Risk.PURE),
            workspace=workspace,
            lender=Lender(
                memory=lambda session, ledger: CallNotes(Notes(store, time.time), ledger, session),
                data=partial(PluginData, store),
                artifacts=lambda session, call: CallArtifacts(store, session, call, time.time),
                secrets=lambda plugin: EnvironmentSecrets(plugin, os.environ),
            ),
            allowed=Allowed.parse(options.allow, self.usable),
            grants=Grants(mode=options.mode or Mode.ASK) if grants is None else grants,
            clock=time.monotonic,
            rules=self.extras.risk_rules,
            rulebook=self.rulebook,
            places=self.places,
            rulings=self.extras.rulings,
            confinement=self.confinement,
            confined=lambda offered, reach: self.confinement.fact(offered, workspace.root, reach)[1],
            environ=os.environ,
        )


def equip(
    config: Config,
    paths: Paths,
    options: Options,
    plugins: Loaded | None = None,
    *,
    refuse: bool = True,
    confinement: Confinement | None = None,
) -> Equipment:
    """Load the plugins. `confinement` is how programs are confined here, where that was found out already.

    Raises ConfigError for a tool or workspace that there is not, and PluginError where that is strict, unless not to
    `refuse`.
    """
    if not options.workspace.is_dir():
        raise ConfigError(f"the workspace {options.workspace} is not a folder")
    confinement = confinement or confinement_of(config, paths, options)
    loaded = plugins or installed_plugins(config, paths, options, confinement)
    everything, renamed = register(loaded.plugins, loaded.expected)
    extras = put_together(loaded.plugins, strategies=STRATEGIES, commands=options.commands)
    usable, left_out = usable_of(everything)
    usable.only([*(options.tools or ())])
    Allowed.parse(options.allow, usable)
    problems = (*loaded.problems, *renamed, *extras.problems, *left_out, *_not_there(loaded, options, usable))
    if refuse and _is_strict(config, options):
        _refuse(problems)
    rulebook = Rulebook(paths.rules, Workspace.at(options.workspace).root if options.trusted else None)
    places = Places.of(paths, Path.home(), Path(sys.prefix))
    later = _may_come(config, loaded)
    strange = tuple(about_nothing(rulebook.files, [each.full_name for each in everything], later))
    return Equipment(usable, extras, problems, loaded.close, rulebook, places, confinement, strange)


def _may_come(config: Config, loaded: Loaded) -> set[str]:
    """Names of plugins that are installed and not used just now, and of MCP servers, whatever they offer."""
    here = {plugin.name for plugin in loaded.plugins} - loaded.expected
    return ({ep.name for ep in loader.installed()} - here) | {*config.mcp.servers} | loaded.expected


def _not_there(loaded: Loaded, options: Options, usable: Registry) -> Iterator[Problem]:
    """Tools that are named and that an MCP server does not offer, once it is known what it does."""
    servers = {plugin.name: plugin for plugin in loaded.plugins if plugin.name in loaded.expected}
    for name in dict.fromkeys([*(options.tools or ()), *options.allow]):
        server, dot, tool = name.partition(".")
        if dot and server in servers and servers[server].offers.tools and name not in usable:
            known = ", ".join(each.name for each in servers[server].offers.tools)
            reason = f"it has no tool {tool}, which --tools or --allow names; its tools are: {known}"
            yield Problem(server, servers[server].distribution, one_line(reason, 400))


def confinement_of(config: Config, paths: Paths, options: Options) -> Confinement:
    """How programs are confined on this machine, which is found out when it is asked for. Raises ConfigError."""
    places = Places.of(paths, Path.home(), Path(sys.prefix))
    return Confinement.of(
        config.sandbox, places, Path.home(), os.environ, file=paths.sandbox, allow_root=options.allow_root
    )


def boxes_of(config: Config, options: Options, confinement: Confinement) -> Boxes:
    """What confines the processes of plugins."""
    online = options.online or config.web.online
    return Boxes(_guests(options, confinement), online, frozenset(config.plugins.open))


def _guests(options: Options, confinement: Confinement) -> Guests:
    root = Path(os.path.realpath(options.workspace))
    return Guests(confinement, root if options.trusted and not confinement.is_own(root) else None)


def installed_plugins(config: Config, paths: Paths, options: Options, confinement: Confinement) -> Loaded:
    """The plugins that are installed and let in, or those that are wished for; ConfigError for one of these that is
    not there.

    A name that is an MCP server's is not looked for.
    """
    only = options.plugins
    only = None if only is None else [name for name in only if name not in config.mcp.servers]
    boxes = boxes_of(config, options, confinement)
    redactor = partial(known_to, os.environ, config)
    return installation.load(
        loader.installed(),
        Admissions(paths.plugins),
        Manifests(paths.manifests, boxes=boxes, redactor=redactor),
        Wishes(config.plugins.disabled, only, boxes.online),
        in_process=config.plugins.in_process,
        settings=_plugin_settings(config),
        log=paths.plugin_log,
        redactor=redactor,
        boxes=boxes,
    )


def mcp_servers(config: Config, paths: Paths, options: Options, confinement: Confinement) -> Servers:
    """The MCP servers that are to be used, none of them started yet; in a folder that is not trusted none is."""

    def wanted(settings: Config) -> dict[str, ServerSettings]:
        return {} if not options.trusted else used(settings.mcp.servers, options.plugins, settings.plugins.disabled)

    around = Surroundings(
        os.environ,
        options.workspace.absolute(),
        paths.server_log,
        Remembered(paths.offered),
        partial(known_to, os.environ, config),
        _guests(options, confinement),
        options.online or config.web.online,
    )
    again = partial(load_config, paths)
    return Servers(wanted(config), around, lambda: wanted(again().config), strict=_is_strict(config, options))


def _is_strict(config: Config, options: Options) -> bool:
    return options.strict or config.plugins.strict


def _refuse(problems: Iterable[Problem]) -> None:
    failed = [f"{problem.plugin} ({problem.distribution}): {problem.reason}" for problem in problems if problem.failed]
    if failed:
        raise PluginError("strict: " + "; ".join(failed))


def built_in(config: Config) -> Loaded:
    """The plugins that come with the program, and no others."""
    own = [ep for ep in loader.installed() if loader.distribution_of(ep) == loader.OWN_DISTRIBUTION]
    offline = () if config.web.online else NEEDS_NETWORK
    return loader.load(own, disabled=[*config.plugins.disabled, *offline], settings=_plugin_settings(config))


def _plugin_settings(config: Config) -> loader.Settings:
    return {"web": config.web.model_dump()}


def open_store(config: Config, paths: Paths) -> Store:
    """The database, which takes out of what it keeps the secrets that are known here. Raises StoreError."""
    return Store(paths.database, redact=known_to(os.environ, config))
