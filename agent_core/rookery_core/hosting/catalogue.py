"""What the person sees and decides of installed plugins: a list, one of them in full, yes and no."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from filelock import FileLock

from rookery_core.config import toml_line
from rookery_core.config_file import load_config, set_value
from rookery_core.errors import ConfigError, PluginError
from rookery_core.hosting.admission import Admissions, Candidate, State, Wishes, candidates
from rookery_core.hosting.boxing import Boxes
from rookery_core.hosting.describing import Manifests
from rookery_core.hosting.manifest import IN_PROCESS_HOOKS, Manifest
from rookery_core.hosting.packages import requirement_of, same_name
from rookery_core.logs import patterns_alone
from rookery_core.paths import PRIVATE_FILE, Paths, private_folder
from rookery_core.redact import Redactor
from rookery_core.tools.loader import OWN_DISTRIBUTION, installed


@dataclass(frozen=True, slots=True)
class Described:
    """A plugin, and what it offers."""

    candidate: Candidate
    manifest: Manifest
    in_process: bool
    """Whether it runs inside the program."""
    rights: str = ""
    """What a process of its own may do; "" where that is not known."""


class Plugins:
    """The installed plugins of one person."""

    def __init__(
        self, paths: Paths, boxes: Callable[[], Boxes] = Boxes, redactor: Callable[[], Redactor] = patterns_alone
    ) -> None:
        """`boxes` is what confines their processes by the settings as they are, and may raise ConfigError; `redactor`
        makes what takes secrets out of why one cannot be read."""
        self._paths = paths
        self._boxes = boxes
        self._redactor = redactor

    @property
    def _admissions(self) -> Admissions:
        """As the file has it now: another program may have changed it."""
        return Admissions(self._paths.plugins)

    @property
    def _manifests(self) -> Manifests:
        return self._in(self._boxes())

    def _in(self, boxes: Boxes) -> Manifests:
        return Manifests(self._paths.manifests, boxes=boxes, redactor=self._redactor)

    def all(self) -> list[Candidate]:
        """Every installed plugin, by name, without importing any. Raises ConfigError."""
        config = load_config(self._paths).config
        return candidates(installed(), self._admissions, Wishes(config.plugins.disabled, online=config.web.online))

    def get(self, name: str, *, usable: bool = True) -> Candidate:
        """The plugin of that name. Raises ConfigError where there is none, PluginError where it has to be `usable`."""
        known = self.all()
        found = [candidate for candidate in known if candidate.name == name]
        found.sort(key=lambda candidate: candidate.state is State.REFUSED)  # an imposter hides nobody
        if not found:
            near = difflib.get_close_matches(name, [candidate.name for candidate in known], n=1)
            hint = f"; did you mean {near[0]}?" if near else "; `rookery plugins list` shows those there are"
            raise ConfigError(f"there is no installed plugin named {name}{hint}")
        if usable and found[0].state is State.REFUSED:
            raise PluginError(f"{name} cannot be used: {found[0].why}")
        return found[0]

    def describe(self, candidate: Candidate, *, anew: bool = False, is_open: bool | None = None) -> Described:
        """What it offers, read by a process of its own where that is not known yet, or `anew`.

        `is_open`: whether it is not to be confined; None: as the settings say. Raises ConfigError.
        """
        boxes = self._boxes()
        if is_open is not None:
            boxes = boxes.with_open(candidate.name, is_open)
        manifests = self._in(boxes)
        if anew:
            manifests.forget(candidate.name, candidate.identity)
        manifest = manifests.of([(candidate.name, candidate.identity)])[candidate.name]
        named = candidate.name in load_config(self._paths).config.plugins.in_process
        rights = "" if manifest.problem else boxes.told([candidate.name], [data.tool() for data in manifest.tools])
        return Described(candidate, manifest, self.is_own(candidate) or named, rights)

    def forget(self, candidate: Candidate) -> None:
        """Have it described anew when it is needed next."""
        self._manifests.forget(candidate.name, candidate.identity)

    def enable(self, candidate: Candidate, *, in_process: bool = False, is_open: bool = False) -> None:
        """Use it from now on, as it is, and confined unless it `is_open`. Raises PluginError, ConfigError."""
        config = load_config(self._paths).config.plugins
        self._set("disabled", [name for name in config.disabled if name != candidate.name], config.disabled)
        if self.is_own(candidate):
            return
        others = [
            name for name in config.in_process if name != candidate.name
        ]  # an earlier yes was to what it was then
        self._set("in_process", [*others, candidate.name] if in_process else others, config.in_process)
        confined = [name for name in config.open if name != candidate.name]
        self._set("open", [*confined, candidate.name] if is_open else confined, config.open)
        rules = in_process and IN_PROCESS_HOOKS["before_tool"] in self.describe(candidate).manifest.in_process
        self._write(lambda known: known.enable(candidate.name, candidate.identity, rules=rules))

    def is_own(self, candidate: Candidate) -> bool:
        """Whether it comes with Rookery."""
        return candidate.identity.distribution == OWN_DISTRIBUTION

    def was_installed(self, distributions: Iterable[str]) -> None:
        """Remember these, so that `gone` knows them. Raises PluginError."""
        wanted = {name: requirement_of(name) for name in distributions if name != OWN_DISTRIBUTION}
        self._write(lambda known: known.were_installed(wanted))

    def distribution_of(self, name: str) -> str:
        """The distribution of that name, or of the plugin of that name, which may be gone or refused.

        Raises ConfigError where there is none, or several have such a plugin.
        """
        known = self.all()
        holders = {c.identity.distribution for c in known if c.name == name and c.identity.distribution}
        holders = holders or {c.identity.distribution for c in known if same_name(c.identity.distribution, name)}
        remembered = {**self._admissions.distributions, **{each: each for each in self._admissions.installed}}
        holders = holders or {d for each, d in remembered.items() if name == each or same_name(d, name)}
        if len(holders) > 1:
            raise ConfigError(f"a plugin {name} is in {' and in '.join(sorted(holders))}: name one of these")
        return holders.pop() if holders else self.get(name).identity.distribution

    def of_distribution(self, distribution: str) -> list[str]:
        """The names of its plugins, where it is installed."""
        return [c.name for c in self.all() if c.identity.distribution == distribution]

    def was_removed(self, distribution: str) -> None:
        """Forget a distribution and its plugins. Raises PluginError, ConfigError."""
        config = load_config(self._paths).config.plugins
        its = [name for name, known in self._admissions.distributions.items() if known == distribution]
        self._set("in_process", [name for name in config.in_process if name not in its], config.in_process)
        self._set("open", [name for name in config.open if name not in its], config.open)
        self._write(lambda known: known.was_removed(distribution))

    def gone(self) -> dict[str, str]:
        """What was installed for its plugins and is not there any more: what to ask for, by distribution."""
        there = {candidate.identity.distribution for candidate in self.all()}
        return {name: wanted for name, wanted in self._admissions.installed.items() if name not in there}

    def disable(self, candidate: Candidate) -> None:
        """Use it no longer. Raises PluginError, ConfigError."""
        config = load_config(self._paths).config.plugins
        if self.is_own(candidate):
            self._set("disabled", [*dict.fromkeys([*config.disabled, candidate.name])], config.disabled)
            return
        self._set("in_process", [name for name in config.in_process if name != candidate.name], config.in_process)
        self._set("open", [name for name in config.open if name != candidate.name], config.open)
        self._write(lambda known: known.disable(candidate.name, candidate.identity))

    def _write(self, change: Callable[[Admissions], None]) -> None:
        """Change what is known, as the file has it now: another program may be at it too."""
        try:
            private_folder(self._paths.plugins.parent)
            with FileLock(f"{self._paths.plugins}.lock", mode=PRIVATE_FILE):
                change(self._admissions)
        except OSError as exc:
            raise PluginError(f"{self._paths.plugins} cannot be written: {exc.strerror}") from exc

    def _set(self, key: str, names: list[str], before: tuple[str, ...]) -> None:
        if tuple(names) != before:
            set_value(self._paths, f"plugins.{key}", toml_line("v", names).removeprefix("v = "))
