"""Keeps the files that `.rookery-protect` names as they are: a hook that rules on every call, and a rule of risk.

It knows what a call says, and not what it does: a tool that writes a file which its arguments do not name gets past it.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain, islice
from pathlib import Path
from typing import Any

from rookery_core.plugin import Deny, Risk, RiskRule, ToolUse, hookimpl

rookery_contract = 1

FILE = ".rookery-protect"
READERS = frozenset({"cat", "head", "tail", "less", "grep", "rg", "ls", "wc", "diff", "stat", "file"})
"""Programs that may be given a protected file, since they only read it."""
READ_TOOL = "files.read_file"
PATH_CHARS = 4_096
GLOBBED = 2_000
"""The most files that a word like `*.txt` is compared as."""

_NEW_COMMAND = re.compile(r"[;|&()\n]")
_REDIRECTION = re.compile(r"[<>]+[&|]?|&>>?")
_BETWEEN = re.compile(r"[\s'\"`${}();|&<>=:,]+")
_RUNS_MORE = re.compile(r"`|\$\(")


class Unreadable(Exception):
    """The pattern file cannot be used; says why."""


# Called before each call, whoever's tool it is. Answering nothing leaves it to the other plugins and to the person.
# An exception here would deny the call too, but the model would read less of why.
@hookimpl
def rookery_before_tool(use: ToolUse) -> Deny | None:
    # A rule can make a call riskier than its tool, and the one below does that to reading: what counts is the tool.
    if use.declared in (Risk.PURE, Risk.READ):
        return None
    try:
        protected = Protected.of(use.workspace)
    except Unreadable as exc:
        return Deny(
            f"{FILE} names files that must not change, but {exc}, so nothing is changed until the person mends it"
        )
    hit = next(chain.from_iterable(protected.named_by(*each) for each in use.arguments.items()), None)
    if hit is None:
        return None
    name, pattern = hit
    return Deny(
        f"{name} is protected ({pattern!r} in {FILE}) and must stay as it is. Reading it is fine; "
        "tell the person what you would change in it"
    )


# The model may want to see keys that nobody wants in a conversation. WRITE would not do: who lets the assistant write
# without being asked (`--allow write`) would not be asked about these either.
@hookimpl
def rookery_risk_rules() -> list[RiskRule]:
    # but .env.example, .env.sample and .env.template; RE2, which reads it, has no (?!...)
    other = r"\.([^est\\/]|e[^x\\/]|s[^a\\/]|t[^e\\/]|te[^m\\/]|[est]$)[^\\/]*"
    keys = rf"(^|[\\/])[^\\/]*\.env({other})?$"
    return [
        RiskRule(READ_TOOL, Risk.NETWORK, {"path": keys}, "it may hold keys, and they would be in the conversation")
    ]


@dataclass(frozen=True, slots=True)
class Protected:
    """The patterns of a workspace. Small and capital letters are the same, as they are to some file systems."""

    root: Path
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, workspace: Path) -> Protected:
        """Those of its pattern file, and the file itself; none where there is no such file. Raises Unreadable."""
        root = Path(os.path.realpath(workspace))
        if not os.path.lexists(root / FILE):
            return cls(root, ())
        try:
            lines = (root / FILE).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            raise Unreadable(f"it cannot be read ({exc})") from exc
        patterns = [line for text in lines if (line := text.strip().removeprefix("./")) and not line.startswith("#")]
        if excepted := next((line for line in patterns if line.startswith("!")), None):
            raise Unreadable(f"its line {excepted!r} begins with !, which is not supported")
        return cls(root, (FILE, *patterns))

    def named_by(self, argument: str, value: Any) -> Iterator[tuple[str, str]]:
        """The protected files that an argument names, each with its pattern."""
        match value:
            case str() if argument == "command":
                yield from self._in_command(value)
            case list() if argument == "command":  # a program and its arguments, which no shell reads
                yield from self._in_command(shlex.join(map(str, value)))
            case str():
                yield from self._fits([self.root], value)
            case dict():
                yield from chain.from_iterable(self.named_by(key, inner) for key, inner in value.items())
            case list() | tuple():
                yield from chain.from_iterable(self.named_by(argument, inner) for inner in value)

    def _fits(self, folders: Iterable[Path], text: str) -> Iterator[tuple[str, str]]:
        """What a text names as a path from one of the folders, both as it is written and where links lead."""
        if not self.patterns or not text or "\0" in text or len(text) > PATH_CHARS:
            return
        for folder in folders:
            written = folder / os.path.expanduser(text)
            if "\n" in text and not os.path.lexists(written):
                continue  # a text, and not a path
            for path in dict.fromkeys((os.path.normpath(written), os.path.realpath(written))):
                if Path(path).is_relative_to(self.root):
                    name = Path(path).relative_to(self.root)
                    yield from ((name.as_posix(), pattern) for pattern in self.patterns if _covers(pattern, name))

    def _in_command(self, command: str) -> Iterator[tuple[str, str]]:
        """The protected files that a shell command mentions, other than to a program that only reads."""
        if not self.patterns:
            return
        folders = [self.root]
        try:
            parts = list(_parts(command))
        except ValueError:  # a quotation without an end, or a text in the command: then every word counts
            parts = [Part(["?", *_BETWEEN.split(command)], [])]
        for part in parts:
            program = next((word for word in part.words if not re.match(r"\w+=", word)), "")
            if program == "cd":
                folders += [folders[-1] / os.path.expanduser(word) for word in part.words[1:2]]
            reads = program in READERS and not any(_RUNS_MORE.search(word) for word in part.words)
            for word in chain([] if reads else part.words, part.written):
                for mentioned in dict.fromkeys((word, *_BETWEEN.split(word), re.sub(r"^-\w", "", word))):
                    yield from self._fits(folders, mentioned)
                if glob.has_magic(word):
                    for folder in folders:
                        for found in islice(glob.iglob(word, root_dir=folder), GLOBBED):
                            yield from self._fits([folder], found)


def _covers(pattern: str, name: Path) -> bool:
    """Whether a pattern fits a path or a folder above it; one without a slash fits a name in any folder."""
    wanted = pattern.strip("/").casefold()
    anywhere = "/" not in pattern.rstrip("/")
    return any(
        fnmatchcase((path.name if anywhere else path.as_posix()).casefold(), wanted)
        for path in (name, *name.parents)
        if path != Path()
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One of the commands that a line of shell is made of."""

    words: list[str]
    written: list[str]
    """Where its output goes."""


def _parts(command: str) -> Iterator[Part]:
    """The commands of a line. Raises ValueError for one that the shell's rules of quoting do not fit."""
    words = shlex.shlex(command, posix=True, punctuation_chars="();<>|&\n")
    words.whitespace, words.whitespace_split, words.commenters = " \t\r", True, ""
    part, goes_to = Part([], []), None
    for word in words:
        if not set(word) <= set("();<>|&\n"):
            (part.written if goes_to and ">" in goes_to else part.words).append(word)
            goes_to = None
            continue
        goes_to = word
        if not _REDIRECTION.fullmatch(word) and _NEW_COMMAND.search(word):
            yield part
            part = Part([], [])
    yield part
