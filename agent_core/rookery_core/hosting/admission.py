"""Which plugins are let in: those of Rookery, and those the person said yes to, as they were then.

A distribution that is new, or is not what it was when the person looked at it, is pending.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any

from rookery_core.paths import private_folder, replace_file
from rookery_core.tools.loader import OWN_DISTRIBUTION, distribution_of, header_of, why_not_loaded


class State(StrEnum):
    """Whether a plugin is used, and why not."""

    BUILT_IN = "built in"
    ENABLED = "enabled"
    THIS_RUN = "enabled for this run"
    PENDING = "pending"
    """Nobody has looked at it yet."""
    CHANGED = "changed"
    """It is not what it was when it was enabled."""
    DISABLED = "disabled"
    OFFLINE = "offline"
    """It is Rookery's own, uses the network, and nothing may go online."""
    REFUSED = "refused"
    """Its name cannot be used."""

    @property
    def used(self) -> bool:
        return self in (State.BUILT_IN, State.ENABLED, State.THIS_RUN)


NEEDS_NETWORK = frozenset({"web"})
"""Rookery's own plugins that are used only where something may go online."""
OFFLINE = (
    "it is not used, since nothing may go online: `--online` allows it for one start, "
    "`rookery config set web.online true` from now on"
)
"""What is said of them elsewhere."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A distribution as it is installed."""

    distribution: str
    version: str
    fingerprint: str
    """SHA-256 over what was recorded of its files when it was installed; of an editable install, over less."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An installed plugin."""

    name: str
    identity: Identity
    entry_point: EntryPoint
    state: State
    why: str = ""
    """Why its name is refused."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted for one start."""

    disabled: Collection[str] = ()
    """Names, as the settings have them."""
    only: Collection[str] | None = None
    """Of the plugins that are not built in, these alone, enabled or not; None: the enabled ones."""
    online: bool = False
    """Whether Rookery's own plugins may use the network."""


class Admissions:
    """What the person said yes to, in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known = _read(file, "plugins")
        self._installed = {name: str(value) for name, value in _read(file, "installed", str).items()}

    def allows(self, name: str, identity: Identity) -> State:
        """Whether a plugin was enabled as it is."""
        known = self._known.get(name)
        if known is None or known.get("distribution") != identity.distribution:
            return State.PENDING
        if not known.get("enabled"):
            return State.DISABLED
        return State.ENABLED if known.get("fingerprint") == identity.fingerprint else State.CHANGED

    def knows_another(self, name: str, identity: Identity) -> bool:
        """Whether what the person said of a plugin, they said of something else."""
        known = self._known.get(name)
        return known is not None and known.get("fingerprint") != identity.fingerprint

    @property
    def guards(self) -> dict[str, str]:
        """The distributions of plugins that were enabled to rule on calls, by the plugin's name; here now or not."""
        return {
            name: self.distributions[name] for name, k in self._known.items() if k.get("enabled") and k.get("rules")
        }

    def enable(self, name: str, identity: Identity, *, rules: bool = False) -> None:
        """Let a plugin in, as it is now; `rules`: to rule on calls. Raises OSError."""
        self._put(name, identity, enabled=True, rules=rules)

    def disable(self, name: str, identity: Identity) -> None:
        """Keep a plugin out. Raises OSError."""
        self._put(name, identity, enabled=False)

    def forget(self, name: str) -> None:
        """It is as if it had never been there. Raises OSError."""
        if self._known.pop(name, None) is not None:
            self._write()

    @property
    def installed(self) -> dict[str, str]:
        """Distributions that were installed for their plugins, and what to ask pip for; here now or not."""
        return dict(self._installed)

    @property
    def distributions(self) -> dict[str, str]:
        """The distribution of each plugin that was enabled or disabled, by the plugin's name; here now or not."""
        return {name: str(known.get("distribution")) for name, known in self._known.items()}

    def were_installed(self, requirements: Mapping[str, str]) -> None:
        """Remember what was installed: what to ask for, by distribution. Raises OSError."""
        self._installed |= requirements
        self._write()

    def was_removed(self, distribution: str) -> None:
        """Forget a distribution and its plugins. Raises OSError."""
        self._installed.pop(distribution, None)
        self._known = {name: k for name, k in self._known.items() if k.get("distribution") != distribution}
        self._write()

    def _put(self, name: str, identity: Identity, *, enabled: bool, rules: bool = False) -> None:
        self._known[name] = {
            "distribution": identity.distribution,
            "version": identity.version,
            "fingerprint": identity.fingerprint,
            "enabled": enabled,
            "rules": rules,
        }
        self._write()

    def _write(self) -> None:
        made = {"format": 1, "plugins": self._known, "installed": self._installed}
        private_folder(self._file.parent)
        replace_file(self._file, json.dumps(made, indent=1, sort_keys=True) + "\n")


def candidates(found: Iterable[EntryPoint], admissions: Admissions, wishes: Wishes) -> list[Candidate]:
    """Every installed plugin and whether it is used, by name. Imports none of them."""
    entry_points = list(found)
    owners = Counter(ep.name for ep in entry_points)
    own = {ep.name for ep in entry_points if distribution_of(ep) == OWN_DISTRIBUTION}
    identities: dict[str, Identity] = {}
    made = []
    for ep in sorted(entry_points, key=lambda ep: (ep.name, distribution_of(ep))):
        distribution = distribution_of(ep)
        if distribution not in identities:
            identities[distribution] = identify(ep.dist) if ep.dist and distribution else Identity("", "", "")
        identity = identities[distribution]
        why = why_not_loaded(ep, owners[ep.name], built_in=ep.name in own)
        if distribution and not identity.distribution:
            why = f"what was recorded of {distribution} when it was installed cannot be read"
        if ep.name in wishes.disabled:
            state = State.DISABLED
        elif distribution == OWN_DISTRIBUTION:
            state = State.OFFLINE if ep.name in NEEDS_NETWORK and not wishes.online else State.BUILT_IN
        elif why:
            state = State.REFUSED
        elif wishes.only is not None:
            state = State.THIS_RUN if ep.name in wishes.only else State.DISABLED
        else:
            state = admissions.allows(ep.name, identity)
        made.append(Candidate(ep.name, identity, ep, state, why if state is State.REFUSED else ""))
    return made


def identify(distribution: Distribution) -> Identity:
    """A distribution by what is recorded of it; its files are not read. Without a name where that cannot be read."""
    try:
        points, record = (distribution.read_text(name) or "" for name in ("entry_points.txt", "RECORD"))
    except UnicodeError:
        return Identity("", "", "")
    name, version = header_of(distribution, "Name"), header_of(distribution, "Version")
    told = json.dumps([name, version, points, *sorted(_shipped(record))])
    return Identity(name, version, hashlib.sha256(told.encode()).hexdigest())


def _shipped(record: str) -> Iterator[list[str]]:
    """The files that a distribution brings, as recorded.

    Not those that whoever installs it writes, which are others with pip, uv, another Python or in another folder:
    compiled modules (they have no hash), what says how it was installed, and scripts.
    """
    for row in csv.reader(record.splitlines()):
        match row:
            case [path, hash_, *_] if hash_ and not _of_the_installer(path):
                yield row


def _of_the_installer(path: str) -> bool:
    return path.partition("/")[0].endswith(".dist-info") or re.match(r"(\.\./)+(bin|Scripts)/", path) is not None


def _read(file: Path, part: str, kind: type = dict) -> dict[str, Any]:
    """What was written; nothing where it cannot be read, so that everything is pending."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))[part]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {name: value for name, value in known.items() if isinstance(value, kind)} if isinstance(known, dict) else {}
