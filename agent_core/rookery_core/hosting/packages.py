"""Installing and removing distributions in the environment that Rookery runs in, with what is there for it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rookery_core.errors import PluginError
from rookery_core.hosting.uv_tool import UvTool
from rookery_core.process import search_path
from rookery_core.tools.loader import header_of


class Installer(Protocol):
    """A program that changes this environment."""

    def installing(self, requirements: Sequence[str]) -> list[str]:
        """The command that installs these."""

    def removing(self, name: str) -> list[str]:
        """The command that removes this distribution."""


@dataclass(frozen=True, slots=True)
class Plain:
    """One that takes what is to be changed at the end of a command."""

    install: tuple[str, ...]
    remove: tuple[str, ...]

    def installing(self, requirements: Sequence[str]) -> list[str]:
        """The command that installs these."""
        return [*self.install, *requirements]

    def removing(self, name: str) -> list[str]:
        """The command that removes this distribution."""
        return [*self.remove, name]


def find_installer(prefix: str = sys.prefix, python: str = sys.executable) -> Installer:
    """The program that made this environment, so that its upgrades know what was added; else pip, else uv.

    Raises PluginError where there is none of them.
    """
    place, path = Path(prefix), search_path(os.environ)
    if (place / "pipx_metadata.json").is_file() and (pipx := shutil.which("pipx", path=path)):
        there = ("env", f"PIPX_HOME={place.parent.parent}", pipx)  # it need not be where pipx looks by itself
        return Plain((*there, "inject", place.name), (*there, "uninject", place.name))
    uv = shutil.which("uv", path=path)
    if uv is not None and (tool := UvTool.of(place, uv, python)) is not None:
        return tool
    has_pip = importlib.util.find_spec("pip") is not None  # it often is there as a dependency
    if uv is not None and (_made_by_uv(place) or not has_pip):
        here = ("--python", python)
        return Plain((uv, "pip", "install", *here), (uv, "pip", "uninstall", *here))
    if has_pip:
        pip = (python, "-P", "-m", "pip")
        return Plain((*pip, "install"), (*pip, "uninstall", "--yes"))
    raise PluginError(f"there is neither pip nor uv for the environment {prefix}: `{python} -m ensurepip` brings pip")


def _made_by_uv(place: Path) -> bool:
    try:
        return re.search(r"^uv *=", (place / "pyvenv.cfg").read_text(encoding="utf-8"), re.MULTILINE) is not None
    except (OSError, UnicodeError):
        return False


def run(command: Sequence[str]) -> None:
    """Run it, its output where the person sees it. Raises PluginError when it fails."""
    try:
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno())
    except OSError as exc:
        raise PluginError(f"{command[0]} cannot be started: {exc.strerror}") from exc
    if done.returncode != 0:
        raise PluginError(f"`{' '.join(command)}` ended with exit code {done.returncode}; what it said is above")


def same_name(one: str, other: str) -> bool:
    """Whether two names of distributions mean the same one."""
    return re.sub(r"[-_.]+", "-", one).lower() == re.sub(r"[-_.]+", "-", other).lower()


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
    folder = f"#subdirectory={told['subdirectory']}" if "subdirectory" in told else ""
    if "vcs_info" in told:
        vcs = told["vcs_info"]
        return f"{vcs.get('vcs', 'git')}+{url}@{vcs.get('commit_id', '')}".rstrip("@") + folder
    return url2pathname(urlsplit(url).path) if url.startswith("file:") else url + folder
