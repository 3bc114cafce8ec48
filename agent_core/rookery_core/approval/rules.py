"""What a rule says and when it is about a call: allow, ask or deny; a tool; and the part of its calls that is meant.

Pure but for the paths that words stand for, whose links are followed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rookery_core.approval.levels import Level
from rookery_core.approval.places import WORDS_RESOLVED
from rookery_core.approval.shell_text import ALSO_START, Command, Script, loose_words
from rookery_core.approval.subject import Site, Subject
from rookery_core.tools.registry import OfferedTool

MORE = "..."
"""At the end of a rule's words: others may follow, but no options."""


class Do(StrEnum):
    """What a rule does, the strictest last."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Words:
    """A program and its arguments."""

    words: tuple[str, ...]
    more: bool = False
    """Whether other arguments may follow that are no options."""

    def covers(self, command: Command) -> bool:
        """Whether it is all of a command."""
        if not command.plain or command.words[: len(self.words)] != self.words:
            return False
        rest = command.words[len(self.words) :]
        return not rest or (self.more and not any(word.startswith(("-", "+")) for word in rest))

    def fires(self, script: Script | None, loose: Sequence[str] = ()) -> bool:
        """Whether a command begins like this, or one of what it starts may; where that is not clear, it does.

        Without a script it is about the words `loose`.
        """
        if script is None:
            return self._in(loose)
        if any(self._begins(command) for command in script.commands):
            return True
        return script.torn and self._in(loose_words(script.text))

    def _begins(self, command: Command) -> bool:
        if command.words and self._at(command.words, 0):
            return True
        name = os.path.basename(command.words[0]) if command.words else ""
        return (not command.known or name in ALSO_START) and self._in(loose_words(" ".join(command.words)))

    def _in(self, words: Sequence[str]) -> bool:
        several = {*words}
        names = {word for word in several if word == self.words[0] or word.endswith(f"/{self.words[0]}")}
        return bool(names) and any(word in names and self._at(words, n) for n, word in enumerate(words))

    def _at(self, words: Sequence[str], n: int) -> bool:
        first = os.path.basename(words[n])
        return first == self.words[0] and tuple(words[n + 1 : n + len(self.words)]) == self.words[1:]

    def __str__(self) -> str:
        return shlex.join(self.words) + (f" {MORE}" if self.more else "")


@dataclass(frozen=True, slots=True)
class Below:
    """A path, and all below it."""

    path: Path

    def holds(self, path: Path) -> bool:
        return path == self.path or self.path in path.parents

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class At:
    """A host, and one of its ports or all of them."""

    host: str
    port: int = 0
    """0: all."""

    def holds(self, site: Site) -> bool:
        same = site.host.endswith(self.host[1:]) if self.host.startswith("*.") else site.host == self.host
        return same and self.port in (0, site.port)

    def __str__(self) -> str:
        return str(Site(self.host, self.port)) if self.port else self.host


@dataclass(frozen=True, slots=True)
class Values:
    """Arguments that have these values, whatever the others are."""

    values: Mapping[str, Any]

    def holds(self, arguments: Mapping[str, Any]) -> bool:
        return all(name in arguments and _same(arguments[name], value) for name, value in self.values.items())

    def __str__(self) -> str:
        return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in self.values.items())


@dataclass(frozen=True, slots=True)
class Part:
    """What the tool itself says that a call is about, to the letter."""

    text: str

    def __str__(self) -> str:
        return self.text


Scope = Words | Below | At | Values | Part | None
"""Which calls of a tool are meant; None: all."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    do: Do
    tool: str
    """A full name; for what asks or denies also a pattern: `files.*`, `*`."""
    scope: Scope = None
    workspace: str = ""
    """The real path of the only workspace where it holds; "" for everywhere."""
    definition: str = ""
    """Of the tool as it was when this was remembered; a tool that changed is another one. "" for any."""
    up_to: Level = Level.R3
    """It allows nothing above this level."""
    origin: str = field(default="", compare=False)
    """Where it is from, for people."""

    def about(self, subject: Subject) -> bool:
        """Whether it is about calls of this tool, here."""
        return (
            fnmatchcase(subject.offered.full_name, self.tool)
            and self.workspace in ("", str(subject.root))
            and self.definition in ("", definition_of(subject.offered))
        )

    def names_all(self, subject: Subject) -> bool:
        """Whether it allows the call and names each of its arguments, so that it allows nothing else."""
        if self.do is not Do.ALLOW or not isinstance(self.scope, Values) or not self.about(subject):
            return False
        return self.scope.values.keys() == subject.arguments.keys() and self.scope.holds(subject.arguments)

    def fires(self, subject: Subject, meant: Callable[[str, bool], Path | None]) -> bool:
        """Whether it asks about the call, or denies it: any part is enough. `meant` gives the path of a word, its links
        followed or not."""
        match self.scope:
            case None:
                return True
            case Words() as words:
                return words.fires(subject.script, subject.loose_words)
            case Below() as below:
                words_in = _path_words(subject)
                really = len(words_in) <= WORDS_RESOLVED
                told = (path for word in words_in if (path := meant(word, really)) is not None)
                return any(map(below.holds, (*subject.paths, *subject.maybe_paths, *told)))
            case At() as at:
                return any(map(at.holds, subject.mentions))
            case Values() as values:
                return values.holds(subject.arguments)
            case Part(text=text):
                return text in subject.parts

    def __str__(self) -> str:
        scope = "" if self.scope is None else f": {self.scope}"
        return f"{self.do} {self.tool}{scope}"


def definition_of(offered: OfferedTool) -> str:
    """Names a tool as it is defined now."""
    whole = f"{offered.distribution} {offered.full_name} {offered.tool.fingerprint}"
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def allowing(
    rules: Iterable[Rule], subject: Subject, level: Level, harmless: Collection[Command] = ()
) -> tuple[Rule, ...]:
    """The rules that together allow all of a call; none where something of it is left, harmless commands aside."""
    live = [rule for rule in rules if rule.do is Do.ALLOW and level <= rule.up_to and rule.about(subject)]
    for rule in live:
        if (rule.scope is None and level <= Level.R2) or (
            isinstance(rule.scope, Values) and rule.scope.holds(subject.arguments)
        ):
            return (rule,)
    by_part = _covered(live, subject.parts, lambda scope, part: isinstance(scope, Part) and scope.text == part)
    if by_part:
        return by_part
    used: list[Rule] = []
    if subject.script is not None:
        commands = [command for command in subject.script.commands if command not in harmless]
        found = _covered(live, commands, lambda scope, each: isinstance(scope, Words) and scope.covers(each))
        if not found or subject.script.unclear:
            return ()
        used += found
    if subject.sites:
        found = _covered(live, subject.sites, lambda scope, each: isinstance(scope, At) and scope.holds(each))
        if not found:
            return ()
        used += found
    if subject.paths:
        found = _covered(live, subject.paths, lambda scope, each: isinstance(scope, Below) and scope.holds(each))
        if not found:
            return ()
        used += found
    return tuple(dict.fromkeys(used))


def remembered(
    subject: Subject, level: Level, harmless: Collection[Command] = (), workspace: str = "", origin: str = ""
) -> tuple[Rule, ...]:
    """The rules that would allow this very call from now on; none where it cannot be told apart from others."""
    scopes: list[Words | At | Below | Part]
    if subject.script is not None and lasting(subject, harmless):
        left = [command for command in subject.script.commands if command not in harmless]
        scopes = [Words(command.words) for command in left or subject.script.commands]
    elif subject.sites:
        scopes = [At(site.host, site.port) for site in subject.sites]
    else:
        scopes = [Part(part) for part in subject.parts]
    definition, tool = definition_of(subject.offered), subject.offered.full_name
    return tuple(Rule(Do.ALLOW, tool, scope, workspace, definition, level, origin) for scope in dict.fromkeys(scopes))


def lasting(subject: Subject, harmless: Collection[Command] = ()) -> bool:
    """Whether what is remembered of a call may outlive the session: not a text for a shell that nobody understands."""
    return subject.script is None or (
        not subject.script.unclear and all(command.plain or command in harmless for command in subject.script.commands)
    )


def _covered(rules: Sequence[Rule], things: Collection[Any], covers: Callable[[Scope, Any], bool]) -> tuple[Rule, ...]:
    """A rule for each of the things; none where there is a thing without one."""
    used: list[Rule] = []
    for thing in things:
        rule = next((rule for rule in rules if covers(rule.scope, thing)), None)
        if rule is None:
            return ()
        used.append(rule)
    return tuple(dict.fromkeys(used))


def _path_words(subject: Subject) -> list[str]:
    words = {*subject.loose_words}
    if subject.script is not None:
        words |= {
            word for command in subject.script.commands for word in (*command.words, *command.reads, *command.writes)
        }
        words |= {*loose_words(subject.script.text)}
    return sorted(words)


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
