"""What confines the processes of plugins: each distribution's by what its tools say that they do.

A process that only says what a plugin offers gets nothing but the code.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rookery_core.process import surroundings
from rookery_core.sandbox.guests import ALL_RIGHTS, Guests, Needs, Started, needs_of
from rookery_core.surroundings import program_environment
from rookery_core.tools.contract import Tool
from rookery_core.tools.loader import OWN_DISTRIBUTION

SECRETS = "ROOKERY_SECRET_"
"""Variables that begin so are for the plugin they name, which gets them through its context."""


class Start(Protocol):
    """Confines the process of a plugin, until it is left; by then that has ended."""

    def __call__(self, command: Sequence[str], environ: Mapping[str, str], /) -> AbstractContextManager[Started]:
        """What is to be started for a command; `environ` is the program's own. From any thread.

        Raises ToolFailed where it must not run here.
        """


_FOR_THE_NETWORK = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"})


@dataclass(frozen=True, slots=True)
class Boxes:
    """What confines plugins on this machine."""

    guests: Guests | None = None
    """None: nothing does."""
    online: bool = False
    open: frozenset[str] = field(default_factory=frozenset)
    """Names of plugins that the person lets do all."""

    def with_open(self, plugin: str, is_open: bool) -> Boxes:
        """The same, with one plugin let do all or not."""
        return replace(self, open=self.open | {plugin} if is_open else self.open - {plugin})

    def is_open(self, plugins: Iterable[str]) -> bool:
        """Whether a process with these plugins is not to be confined."""
        return not self.open.isdisjoint(plugins)

    def forbids(self, plugins: Iterable[str]) -> str:
        """Why a process with these plugins may not be started here; "" where it may."""
        return self.guests.forbids(is_open=self.is_open(plugins)) if self.guests is not None else ""

    def edition(self, plugin: str) -> str:
        """What a description of it depends on, beside the plugin: what works where it is confined."""
        return "open" if self.guests is None or self.is_open([plugin]) else "confined"

    def told(self, plugins: Iterable[str], tools: Iterable[Tool]) -> str:
        """What a process with these may do, in short."""
        if self.guests is None or not self.guests.confines(is_open=self.is_open(plugins)):
            return ALL_RIGHTS
        return f"in the sandbox: {needs_of(tools, online=self.online)}"

    def describing(self, plugin: str, owner: str) -> Start:
        """What confines the process that says what a plugin of the distribution `owner` offers."""
        return self._start(Needs(), [plugin], owner)

    def serving(self, plugins: Iterable[str], owner: str, tools: Iterable[Tool]) -> Start:
        """What confines the process of a distribution's plugins."""
        return self._start(needs_of(tools, online=self.online), plugins, owner)

    def _start(self, needs: Needs, plugins: Iterable[str], owner: str) -> Start:
        return partial(self._started, needs, frozenset(plugins), owner)

    @contextmanager
    def _started(
        self, needs: Needs, plugins: frozenset[str], owner: str, command: Sequence[str], environ: Mapping[str, str]
    ) -> Iterator[Started]:
        is_open = self.is_open(plugins)
        if self.guests is None or owner == OWN_DISTRIBUTION:
            yield Started((*command,), environment(environ))
            return
        confined = self.guests.confines(is_open=is_open)
        seen = confined_environment(environ, network=needs.network) if confined else environment(environ)
        with self.guests.start(needs, command, seen, reads=code_of(owner), is_open=is_open) as started:
            yield started


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the process of a plugin may see of the environment."""
    return {name: value for name, value in surroundings(environ).items() if not name.startswith(SECRETS)}


def confined_environment(environ: Mapping[str, str], *, network: bool) -> dict[str, str]:
    """What it sees where it is confined: what Python and programs need to find their way, and the network where it has
    one. Keys and tokens are not among it."""
    around = surroundings(environ)
    passed = {name: value for name, value in around.items() if name.startswith("PYTHON")}
    if network:
        passed |= {n: v for n, v in around.items() if n.lower().endswith("_proxy") or n in _FOR_THE_NETWORK}
    return {**program_environment(environ), **passed}


def code_of(owner: str) -> list[Path]:
    """Where this process's modules are found, and those of a distribution that was installed to be edited."""
    return [Path(path) for path in sys.path if os.path.isabs(path)] + _edited(owner)


def _edited(owner: str) -> list[Path]:
    """The folder of one (PEP 610)."""
    try:
        told = json.loads(distribution(owner).read_text("direct_url.json") or "{}")
        if told["dir_info"]["editable"] is True and str(told["url"]).startswith("file:"):
            return [Path(url2pathname(urlsplit(told["url"]).path))]
    except (PackageNotFoundError, ValueError, KeyError, TypeError):
        pass
    return []
