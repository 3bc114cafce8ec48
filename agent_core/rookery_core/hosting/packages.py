"""Installing and removing distributions in the environment that Rookery runs in, with what is there for it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from rookery_core.errors import PluginError
from rookery_core.tools.loader import header_of


@dataclass(frozen=True, slots=True)
class Installer:
    """A program that changes this environment."""

    name: str
    install: tuple[str, ...]
    """The command, before what is to be installed."""
    remove: tuple[str, ...]

    def installing(self, requirements: Sequence[str]) -> list[str]:
        """The command that installs these."""
        return [*self.install, *requirements]

    def removing(self, name: str) -> list[str]:
        """The command that removes this distribution."""
        return [*self.remove, name]


def find_installer(prefix: str = sys.prefix) -> Installer:
    """pipx where it made this environment, so that its upgrades know; else pip, else uv. Raises PluginError."""
    place = Path(prefix)
    if place.parent.name == "venvs" and place.parent.parent.name == "pipx" and (pipx := shutil.which("pipx")):
        return Installer("pipx", (pipx, "inject", place.name), (pipx, "uninject", place.name))
    if importlib.util.find_spec("pip") is not None:
        pip = (sys.executable, "-m", "pip")
        return Installer("pip", (*pip, "install"), (*pip, "uninstall", "--yes"))
    if uv := shutil.which("uv"):
        here = ("--python", sys.executable)
        return Installer("uv", (uv, "pip", "install", *here), (uv, "pip", "uninstall", *here))
    raise PluginError(
        f"there is neither pip nor uv for the environment {prefix}: `{sys.executable} -m ensurepip` brings pip"
    )


def run(command: Sequence[str]) -> None:
    """Run it, its output where the person sees it. Raises PluginError when it fails."""
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno())
    except OSError as exc:
        raise PluginError(f"{command[0]} cannot be started: {exc.strerror}") from exc
    if done.returncode != 0:
        raise PluginError(f"`{' '.join(command)}` ended with exit code {done.returncode}; what it said is above")


def requirement_of(name: str) -> str:
    """What to ask for to get the distribution again as it is: NAME==VERSION, or where it was taken from."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return name
    return _source(found) or f"{name}=={header_of(found, 'Version')}"


def _source(found: Distribution) -> str:
    """Where it was taken from, if not from an index (PEP 610); the folder of one, as a path."""
    try:
        told = json.loads(found.read_text("direct_url.json") or "{}")
        url = str(told["url"])
    except (ValueError, KeyError, TypeError):
        return ""
    if "vcs_info" in told:
        return f"{told['vcs_info'].get('vcs', 'git')}+{url}@{told['vcs_info'].get('commit_id', '')}".rstrip("@")
    return url.removeprefix("file://") if url.startswith("file://") else url
