"""What a call is about, as rules see it: its commands, paths and sites, and what the tool itself says of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rookery_core.approval.places import Places
from rookery_core.approval.shell_text import Script, loose_words, script_of
from rookery_core.tools.contract import Risk
from rookery_core.tools.registry import OfferedTool
from rookery_core.tools.running import Fitted

PATH_CHARS = 4_096
_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,20}://[^\s\"'<>|;&]+")


@dataclass(frozen=True, slots=True)
class Site:
    """A host, and a port of it."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Subject:
    """A call, as far as rules are about it."""

    offered: OfferedTool
    arguments: Mapping[str, Any]
    """As JSON; paths of the workspace are real ones."""
    root: Path
    """The workspace, as a real path."""
    parts: tuple[str, ...]
    """What the tool says that an answer "for this session" would remember."""
    script: Script | None = None
    """What it would have run, where it says which argument that is."""
    paths: tuple[Path, ...] = ()
    """Real paths that are among its arguments."""
    maybe_paths: tuple[Path, ...] = ()
    """Of a tool that does not say which arguments are paths: what its other texts would be, if they were."""
    sites: tuple[Site, ...] = ()
    """Where it would go, where it says that its parts are sites."""
    mentions: tuple[Site, ...] = ()
    """Sites that are named anywhere in its arguments."""
    loose_words: tuple[str, ...] = ()
    """Of a tool that starts programs and does not say which argument that is: all that could be a word."""


def subject_of(offered: OfferedTool, fitted: Fitted, root: Path, places: Places) -> Subject:
    """What a checked call is about. Raises nothing."""
    tool, arguments = offered.tool, fitted.shown
    texts = [*_texts(arguments)]
    said = arguments.get(tool.command) if tool.command else None
    script = script_of(said) if isinstance(said, str | list) and _are_words(said) else None
    declared = bool(tool.paths or tool.command)
    told = [text for name in tool.paths for text in _texts(arguments.get(name))]  # these are paths, however odd
    named = told if declared else [text for text in texts if _may_be_a_path(text)]
    named = [] if tool.risk is Risk.PURE else named
    # those of a WorkspacePath or WorkspaceEntry are what they are to be already
    meant = {text: Path(text) if declared and os.path.isabs(text) else places.meant(text, root) for text in named}
    sure = {text for text in named if declared or text.startswith(("/", "~/", "./", "../", "file://"))}
    maybe = {text for text in named if text not in sure and ("/" in text or os.path.lexists(meant[text] or ""))}
    sites = tuple(site for part in fitted.scopes if (site := site_of(part)) is not None) if tool.sites else ()
    if tool.sites and len(sites) != len(fitted.scopes):
        sites = ()
    executes = tool.risk is Risk.EXECUTE and script is None
    return Subject(
        offered,
        arguments,
        root,
        fitted.scopes,
        script,
        tuple(path for text, path in meant.items() if path is not None and text in sure),
        tuple(path for text, path in meant.items() if path is not None and text in maybe),
        sites,
        tuple(site for text in texts for url in _URL.findall(text) if (site := site_of(url)) is not None) + sites,
        tuple(word for text in texts for word in loose_words(text)) if executes else (),
    )


def site_of(text: str) -> Site | None:
    """The site of an address, or of `HOST:PORT`, its host in ASCII; None where it is neither."""
    whole = text if "://" in text else f"//{text}"
    try:
        parts = urlsplit(whole)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme or "https", 0)
        if host and not host.isascii():
            host = host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return None
    return Site(host.lower().rstrip("."), port) if host and port and not set(host) & set(" \t\n\r\\") else None


def _may_be_a_path(text: str) -> bool:
    if len(text) > PATH_CHARS or "\n" in text:
        return False
    return _URL.fullmatch(text) is None or ".." in text or site_of(text) is None


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, however deep."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case Mapping() as mapping:
                waiting += mapping.values()
            case list() | tuple() as items:
                waiting += items
            case _:
                pass


def _are_words(said: str | list[Any]) -> bool:
    return all(isinstance(word, str) for word in said)
