"""An environment that `uv tool install` made: it is changed by installing the tool again, with what is to be added.

uv makes the environment into exactly what its receipt says at every upgrade, and the receipt is written from one
command line. What was added in another way is gone then.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

RECEIPT = "uv-receipt.toml"


@dataclass(frozen=True, slots=True)
class UvTool:
    """Changes such an environment."""

    prefix: Path
    uv: str
    python: str
    """The environment's own."""
    receipt: Mapping[str, Any]

    @classmethod
    def of(cls, prefix: Path, uv: str, python: str) -> UvTool | None:
        """The one at `prefix`; None where there is no receipt that can be read."""
        try:
            receipt = tomllib.loads((prefix / RECEIPT).read_text(encoding="utf-8"))["tool"]
            made = cls(prefix, uv, python, receipt)
            made.installing(())
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        return made

    def installing(self, requirements: Sequence[str]) -> list[str]:
        """The command that adds these to what is there."""
        added = [word for requirement in requirements for word in ("--with", requirement)]
        return [*self._anew(self._others), *added]

    def removing(self, name: str) -> list[str]:
        """The command that takes a distribution away again."""
        left = [entry for entry in self._others if _plain(entry["name"]) != _plain(name)]
        if len(left) == len(self._others):  # it was added in another way
            return [self.uv, "pip", "uninstall", "--python", self.python, name]
        return self._anew(left)

    @property
    def _others(self) -> list[Mapping[str, Any]]:
        return list(self.receipt["requirements"][1:])

    def _anew(self, others: Iterable[Mapping[str, Any]]) -> list[str]:
        """The command that makes the environment with these, as it was made but for them."""
        words = ["env", f"UV_TOOL_DIR={self.prefix.parent}"]  # it need not be where uv looks by itself
        if programs := self.receipt.get("entrypoints"):
            words += [f"UV_TOOL_BIN_DIR={Path(programs[0]['install-path']).parent}"]
        words += [self.uv, "tool", "install"]
        if "python" in self.receipt:
            words += ["--python", self.receipt["python"]]
        words += _options(self.receipt.get("options", {}))
        tool = self.receipt["requirements"][0]
        words += ["--editable", str(tool["editable"])] if "editable" in tool else [_requirement(tool)]
        for entry in others:
            words += ["--with-editable", entry["editable"]] if "editable" in entry else ["--with", _requirement(entry)]
        return words


def _requirement(entry: Mapping[str, Any]) -> str:
    """What the receipt says of one distribution, as it is written on a command line (PEP 508)."""
    named = str(entry["name"]) + (f"[{','.join(entry['extras'])}]" if entry.get("extras") else "")
    match entry:
        case {"directory": path} | {"path": path}:
            named += f" @ {Path(path).as_uri()}"
        case {"url": url}:
            named += f" @ {url}" + (f"#subdirectory={entry['subdirectory']}" if "subdirectory" in entry else "")
        case {"git": url}:
            named += f" @ {_git(url)}"
        case _:
            named += entry.get("specifier", "")
    return named + (f" ; {entry['marker']}" if "marker" in entry else "")


def _git(url: str) -> str:
    """The receipt has the revision and the folder in the query."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    revision = next((f"@{asked[key][0]}" for key in ("rev", "tag", "branch") if key in asked), "")
    folder = f"#subdirectory={asked['subdirectory'][0]}" if "subdirectory" in asked else ""
    return f"git+{urlunsplit(parts._replace(query='', fragment=''))}{revision}{folder}"


def _options(options: Mapping[str, Any]) -> Iterator[str]:
    """The settings it was made with: most are called as the option that makes them."""
    for name, value in options.items():
        for each in value if isinstance(value, list) else [value]:
            match each:
                case True:
                    yield f"--{name}"
                case str():
                    yield from (f"--{name}", each)
                case {"url": url, **more}:
                    yield from ("--default-index" if more.get("default") else "--index", str(url))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
