"""The one place where objects are made and handed to each other."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from rookery_core.approval.policy import Answerer, Approver, Grants, no_answer, nobody
from rookery_core.assistant import Assistant
from rookery_core.budget import Limits
from rookery_core.config import Config, ModelSettings
from rookery_core.config_file import load_config
from rookery_core.equipment import (
    STRATEGIES,
    Equipment,
    Options,
    boxes_of,
    confinement_of,
    equip,
    installed_plugins,
    mcp_servers,
    open_store,
)
from rookery_core.errors import ConfigError, ModelUnreadable
from rookery_core.events import Mode
from rookery_core.hosting.catalogue import Plugins
from rookery_core.memory.episodic import Episodes
from rookery_core.memory.notes import Notes
from rookery_core.model.adapters import made_for
from rookery_core.model.backends import WorkerModel
from rookery_core.model.base import LoadOptions, ModelBackend, ModelInfo, PromptTier, Sampling
from rookery_core.model.choice import Models
from rookery_core.model.hashes import Hashes
from rookery_core.model.probes import Probes
from rookery_core.model.registry import ModelFile, available, configured, find
from rookery_core.model.worker import Worker
from rookery_core.observe.sinks import Sinks
from rookery_core.offer import Offer
from rookery_core.parts import Gear, Parts
from rookery_core.paths import Paths
from rookery_core.reasoning.base import Strategy
from rookery_core.redact import known_to
from rookery_core.store.db import Store
from rookery_core.store.sessions import Sessions
from rookery_core.tools.extras import Extras
from rookery_core.tools.loader import Loaded

Backend = Callable[[str], ModelBackend]


def build(
    config: Config,
    paths: Paths,
    options: Options,
    *,
    approver: Approver = nobody,
    answerer: Answerer = no_answer,
    model: ModelBackend | Sequence[ModelBackend] | None = None,
    plugins: Loaded | None = None,
    strategy: Strategy | None = None,
    worker: Worker | None = None,
) -> Assistant:
    """Make an assistant. `model`, `plugins` and `strategy` stand in for the configured and the installed ones.

    Of several models the first is used until another is chosen. `worker` is the models' process, where it runs already.

    Raises ConfigError, ModelMissing, ModelUnreadable (the file is not there), StoreError. Nothing is left open then.
    """
    confinement = confinement_of(config, paths, options)
    servers = mcp_servers(config if plugins is None else Config(), paths, options, confinement)
    loaded = plugins or installed_plugins(config, paths, options, confinement)
    equipment = equip(config, paths, options, servers.joined(loaded), confinement=confinement)
    extras = equipment.extras
    if model is None:
        wanted = configured(config.model.path, paths) if options.model is None else options.model
        models = worker_models(config, paths, wanted, worker or _worker(config, paths), extras.backends)
        model = models.get(wanted)
    else:
        given = model if isinstance(model, Sequence) else [model]
        models = Models.of(*given)
        model = models.get(given[0].name)
    if strategy is None:
        strategy_of(config, extras)
    store = open_store(config, paths)

    def gear(equipped: Equipment, loaded: Loaded, settings: Config, grants: Grants, sinks: Sinks, edition: int) -> Gear:
        runner = equipped.runner(store, options, grants)

        def renewed(old: Gear) -> Gear:
            edition = servers.edition
            anew = equip(settings, paths, options, servers.joined(loaded), refuse=False, confinement=confinement)
            return gear(anew, loaded, settings, old.runner.grants, old.sinks, edition)

        return Gear(
            offer=Offer(
                runner.registry,
                settings.agent,
                _sampling(settings, options),
                _prefers_labels(paths),
                equipped.usable,
                equipped.extras.sections,
            ),
            runner=runner,
            sinks=sinks,
            commands=equipped.extras.commands,
            strategy=strategy or strategy_of(settings, equipped.extras),
            problems=equipped.problems,
            rules_of_nothing=equipped.rules_of_nothing,
            close=equipped.close,
            edition=edition,
            renewed=renewed,
        )

    def regear(old: Gear) -> Gear:
        fresh = load_config(paths).config
        settings = config.model_copy(update={"plugins": fresh.plugins, "web": fresh.web})
        loaded = plugins or installed_plugins(settings, paths, options, confinement)
        edition = servers.edition
        equipped = equip(settings, paths, options, servers.joined(loaded), confinement=confinement)
        return gear(equipped, loaded, settings, old.runner.grants, Sinks(equipped.extras.sinks), edition)

    return Assistant(
        Parts(
            store=store,
            sessions=Sessions(store),
            episodes=Episodes(store),
            notes=Notes(store, time.time),
            model=model,
            models=models,
            gear=gear(equipment, loaded, config, Grants(), Sinks(extras.sinks), servers.edition),
            regear=regear,
            servers=servers,
            plugins=Plugins(
                paths,
                lambda: boxes_of(load_config(paths).config, options, confinement),
                partial(known_to, os.environ, config),
            ),
            approver=approver,
            answerer=answerer,
            strategy_name=config.agent.strategy,
            trusted=options.trusted,
            online=options.online or config.web.online or any(server.settings.url for server in servers),
            mode=options.mode or Mode(config.agent.mode),
            limits=Limits(
                max_steps=options.max_steps or config.agent.max_steps,
                max_tokens=config.agent.max_tokens,
                max_seconds=config.agent.max_seconds,
            ),
            recall_limit=0 if options.recall is False else config.memory.recall,
            now=time.time,
            clock=time.monotonic,
        )
    )


def strategy_of(config: Config, extras: Extras | None = None) -> Strategy:
    """The configured way of thinking. Raises ConfigError where there is none of that name."""
    known = {**STRATEGIES, **(extras.strategies if extras else {})}
    if config.agent.strategy not in known:
        raise ConfigError(f"agent.strategy must be one of {', '.join(known)}, not {config.agent.strategy!r}")
    return known[config.agent.strategy]


@dataclass(frozen=True, slots=True)
class Subject:
    """A model that is to be measured, and what it is made of."""

    model: ModelBackend
    file: Path
    adapter: Path | None
    models: Models
    prefers_labels: bool = False
    """Whether a probe found that it does better with Rookery's labels than with a form of its own."""

    async def close(self) -> None:
        """End the model's process."""
        await self.models.close()


def subject(config: Config, paths: Paths, wanted: str | None, worker: Worker | None = None) -> Subject:
    """The model of that path or name, as an assistant would have it; None: as configured. Raises ModelError."""
    wanted = configured(config.model.path, paths) if wanted is None else wanted
    models = worker_models(config, paths, wanted, worker or _worker(config, paths))
    file = find(wanted, paths)
    options = load_options(config.model, file.path, paths, expand=config.model.expand)
    adapter = Path(options.adapter) if options.adapter else None
    return Subject(models.get(wanted), file.path, adapter, models, _probed_labelled(paths, str(file.path)))


@dataclass(frozen=True, slots=True)
class Archive:
    """What is stored, without an assistant."""

    store: Store
    sessions: Sessions
    episodes: Episodes
    notes: Notes


def archive(paths: Paths) -> Archive:
    """Open what is stored; whoever opens it closes the store. Raises StoreError."""
    store = Store(paths.database)
    return Archive(store, Sessions(store), Episodes(store), Notes(store, time.time))


def worker_models(
    config: Config, paths: Paths, wanted: str, worker: Worker, backends: Mapping[str, Backend] | None = None
) -> Models:
    """The models of this machine, to be loaded in one process; the adapter is for the wanted one. Raises ModelError.

    `backends` are plugins' sources of text, by the name before the colon: `NAME:REST`.
    """
    settings = config.model
    worker.memory_bytes = settings.memory_mb << 20
    sources = backends or {}

    def look_up(name: str) -> ModelFile:
        source, colon, _ = name.partition(":")
        return ModelFile(name, Path(name)) if colon and source in sources else find(name, paths)

    first = look_up(wanted)

    def make(file: ModelFile) -> ModelBackend:
        source, colon, rest = file.name.partition(":")
        if colon and source in sources:
            try:
                return sources[source](rest)
            except Exception as exc:
                raise ModelUnreadable(f"the plugin's model {file.name} cannot be made: {exc!r}") from exc
        fitting = settings
        if settings.adapter not in ("", "auto") and file.path != first.path:
            fitting = settings.model_copy(update={"adapter": "auto"})
        return WorkerModel(file.name, load_options(fitting, file.path, paths, expand=settings.expand), worker)

    return Models(partial(available, paths), look_up, make)


def _worker(config: Config, paths: Paths) -> Worker:
    return Worker(paths.model_log, redactor=partial(known_to, os.environ, config))


def load_options(settings: ModelSettings, file: Path, paths: Paths, *, expand: bool) -> LoadOptions:
    """How a model file is loaded with these settings."""
    adapter = settings.adapter
    prompt: PromptTier = "full"
    if adapter == "auto":
        made = made_for(file, Hashes(paths.hashes).sha256)
        adapter, prompt = (str(made.path), made.prompt) if made else ("", "full")
    return LoadOptions(
        path=str(file),
        n_ctx=settings.n_ctx,
        n_threads=settings.n_threads or 1,
        n_threads_batch=settings.n_threads_batch or min(os.cpu_count() or 1, 8),
        adapter=str(paths.config / Path(adapter).expanduser()) if adapter else "",
        prompt=prompt,
        park_bytes=settings.cache_mb << 20,
        states=str(paths.states),
        states_bytes=settings.saved_mb << 20,
        expanded=str(paths.expanded) if expand else "",
        forced=settings.forced_tokens,
    )


def _prefers_labels(paths: Paths) -> Callable[[ModelInfo], bool]:
    """Whether a probe found that a model does better with labels than with a form of its own; read once for each."""
    found = cache(partial(_probed_labelled, paths))
    return lambda info: found(info.path)


def _probed_labelled(paths: Paths, file: str) -> bool:
    try:
        sha256 = Hashes(paths.hashes).known(Path(file))
    except OSError:
        return False
    probe = Probes(paths.probes).get(sha256) if sha256 else None
    return probe is not None and probe.form == "labelled"


def _sampling(config: Config, options: Options) -> Sampling:
    return Sampling(
        temperature=config.model.temperature,
        top_k=config.model.top_k,
        top_p=config.model.top_p,
        min_p=config.model.min_p,
        seed=config.model.seed if options.seed is None else options.seed,
        max_tokens=config.model.max_tokens,
    )
