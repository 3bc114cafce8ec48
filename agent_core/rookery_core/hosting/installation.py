"""The plugins of one start: Rookery's own and those let in, each in its place, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from itertools import groupby
from pathlib import Path

from rookery_core.errors import ConfigError, PluginError
from rookery_core.hosting.admission import OFFLINE, Admissions, Candidate, State, Wishes, candidates
from rookery_core.hosting.boxing import Boxes
from rookery_core.hosting.describing import SLOW_SECONDS, Manifests
from rookery_core.hosting.elsewhere import Elsewhere
from rookery_core.hosting.manifest import Manifest
from rookery_core.hosting.plugin_process import PluginProcess
from rookery_core.redact import Redactor
from rookery_core.tools import loader
from rookery_core.tools.extending import Deny, ToolUse
from rookery_core.tools.gathering import Offers
from rookery_core.tools.loader import Loaded, LoadedPlugin, Problem, Settings

NEW = "it is new, and not used yet: `rookery plugins enable {name}` lets it in"
CHANGED = "it is not what it was when it was enabled, and is not used: `rookery plugins enable {name}` lets it in again"
GONE = "it is not installed any more"
UNGUARDED = (
    "it was enabled to rule on calls, so none is made without it: `rookery plugins {back}` brings it back, and "
    "`rookery plugins {away}` goes on without it"
)
UNGUARDED_RUN = (
    "it was named for this run and may be there to rule on calls, so none is made without it: `rookery plugins doctor` "
    "looks into it, and without `--plugin {name}` calls are made"
)
APART = "it is not what it was when it was enabled, and so does not run inside the program, where alone it can rule"
KEPT_OUT = "plugins.disabled in the settings keeps it out: `rookery plugins enable {name}` takes it off that list"
NOT_STARTED = "it is not started: {why}"
NEEDS = "{hooks} {works} only inside the program, with all of its rights: `rookery plugins enable {name}` says more"


def load(
    found: Iterable[EntryPoint],
    admissions: Admissions,
    manifests: Manifests,
    wishes: Wishes,
    *,
    in_process: Collection[str] = (),
    settings: Settings | None = None,
    log: Path,
    redactor: Callable[[], Redactor],
    boxes: Boxes | None = None,
) -> Loaded:
    """Load what is to be used. Those named in `in_process` are imported, and Rookery's own; others only when called,
    and so is one that is not what it was when it was enabled and is wished for all the same. `boxes` confines them.

    Raises ConfigError for one that is wished for and not installed.
    """
    known = candidates(found, admissions, wishes)
    if unknown := {*(wishes.only or ())} - {candidate.name for candidate in known}:
        raise ConfigError(f"there is no installed plugin named {', '.join(sorted(unknown))}")
    used = [candidate for candidate in known if candidate.state.used]
    inside = {c.name for c in used if c.name in in_process and not admissions.knows_another(c.name, c.identity)}
    here = [c for c in used if c.state is State.BUILT_IN or c.name in inside]
    elsewhere = [c for c in used if c not in here]
    made = loader.load([candidate.entry_point for candidate in here], settings=settings)
    plugins, problems = list(made.plugins), [*_kept_out(known, wishes), *made.problems]
    boxes = boxes or Boxes()
    processes: list[PluginProcess] = []
    by_distribution = sorted(elsewhere, key=lambda candidate: (candidate.identity.distribution, candidate.name))
    groups = {identity: [*group] for identity, group in groupby(by_distribution, lambda candidate: candidate.identity)}
    for identity, several in [*groups.items()]:
        if why := boxes.forbids(candidate.name for candidate in several):
            problems += [Problem(c.name, identity.distribution, NOT_STARTED.format(why=why)) for c in several]
            del groups[identity]
    read = manifests.of((c.name, identity) for identity, several in groups.items() for c in several)
    for identity, several in groups.items():
        able = []
        for candidate in several:
            plugin, said = _described(candidate, read[candidate.name])
            problems += said
            if plugin is not None:
                able.append(plugin)
        prints = {f"{plugin.name}.{tool.name}": tool.fingerprint for plugin in able for tool in plugin.tools}
        its_tools = [tool for plugin in able for tool in plugin.tools]
        start = boxes.serving([candidate.name for candidate in several], identity.distribution, its_tools)
        process = PluginProcess(identity, prints, log, start, redactor)
        processes.append(process)
        plugins += [
            LoadedPlugin(plugin.name, plugin.distribution, plugin.offers, Elsewhere(process, plugin.name, boxes.online))
            for plugin in able
        ]

    heard = {plugin.name for plugin in plugins if plugin.name in inside}
    for name, distribution in sorted(_guards(known, admissions, wishes, in_process).items()):
        if name in heard:
            continue
        there = next((plugin for plugin in plugins if plugin.name == name), None)
        why = APART if there else next((problem.reason for problem in problems if problem.plugin == name), GONE)
        stand_in = there or LoadedPlugin(name, distribution, Offers())
        offers = replace(stand_in.offers, before_tool=_refusing(name, why))
        plugins = [*(plugin for plugin in plugins if plugin is not there), replace(stand_in, offers=offers)]
        back, away = ("restore", f"remove {name}") if why is GONE else (f"enable {name}", f"disable {name}")
        text = UNGUARDED if wishes.only is None else UNGUARDED_RUN
        problems.append(Problem(name, distribution, text.format(back=back, away=away, name=name)))

    async def close() -> None:
        for process in processes:
            await process.close()

    return Loaded(tuple(sorted(plugins, key=lambda plugin: plugin.name)), tuple(problems), close)


def _guards(
    known: Iterable[Candidate], admissions: Admissions, wishes: Wishes, in_process: Collection[str]
) -> dict[str, str]:
    """The plugins without which no call is made, and their distributions.

    Only inside the program are they heard. One that was enabled is known to rule on calls, or not to; of one that is
    named for this run and was never looked at, that is not known, and it may.
    """
    guards = {name: distribution for name, distribution in admissions.guards.items() if name in in_process}
    if wishes.only is None:
        return {name: distribution for name, distribution in guards.items() if name not in wishes.disabled}
    wished = {*wishes.only} & {*in_process}
    own = {candidate.name for candidate in known if candidate.state in (State.BUILT_IN, State.OFFLINE)}
    return {
        c.name: c.identity.distribution
        for c in known
        if c.name in wished - own
        and (c.name in guards or admissions.allows(c.name, c.identity) not in (State.ENABLED, State.CHANGED))
    }


def _refusing(name: str, why: str) -> Callable[[ToolUse], Deny]:
    """What stands in for the rulings of a plugin that cannot be asked; one that fails when it is asked denies too."""
    return lambda use: Deny(f"the plugin {name}, which rules on calls, cannot be asked: {why}")


def _kept_out(known: Iterable[Candidate], wishes: Wishes) -> Iterator[Problem]:
    """What is said of those that are not used, and were not disabled, or are wished for all the same."""
    said = {State.PENDING: NEW, State.CHANGED: CHANGED, State.REFUSED: "{why}", State.OFFLINE: OFFLINE}
    for c in known:
        wished = c.state is State.DISABLED and c.name in (wishes.only or ())
        if (text := KEPT_OUT if wished else said.get(c.state)) is not None:
            reason = text.format(name=c.name, why=c.why)
            yield Problem(
                c.name,
                c.identity.distribution,
                reason,
                failed=c.state not in (State.PENDING, State.OFFLINE),
                quiet=c.state is State.OFFLINE,
            )


def _described(candidate: Candidate, manifest: Manifest) -> tuple[LoadedPlugin | None, list[Problem]]:
    """The plugin that a manifest is of, without a place yet, and what there is to say of it."""
    name, distribution = candidate.name, candidate.identity.distribution

    def problem(reason: str, *, failed: bool = True) -> Problem:
        return Problem(name, distribution, reason, failed)

    if manifest.problem:
        return None, [problem(manifest.problem)]
    said = [problem(reason) for reason in manifest.ignored]
    if manifest.in_process:
        hooks = ", ".join(manifest.in_process)
        works = "works" if len(manifest.in_process) == 1 else "work"
        said.append(problem(NEEDS.format(hooks=hooks, works=works, name=name)))
    if manifest.import_s > SLOW_SECONDS:
        said.append(problem(f"its import takes {manifest.import_s:.1f} s", failed=False))
    try:
        return LoadedPlugin(name, distribution, manifest.offers()), said
    except PluginError as exc:
        return None, [problem(str(exc))]
