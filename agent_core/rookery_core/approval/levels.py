"""How much is at stake in a call, R0 to R4: plugins say what kind of thing a tool does, this says how far that goes.

Pure but for the file system, where it looks up what a path really is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import assert_never

from rookery_core.approval.places import Places, careful
from rookery_core.approval.reading import Reads, reads
from rookery_core.approval.shell_text import STARTERS, Command, Script, loose_words
from rookery_core.approval.subject import Subject
from rookery_core.sandbox.level import Reach
from rookery_core.tools.contract import Risk
from rookery_core.tools.extending import RiskRule
from rookery_core.tools.patterns import found_in

UNKNOWN = "it is not known to only read"
_KEPT = "it is kept from changing anything"
GLOB_NAMES = 5_000
"""A pattern in a larger folder is not looked at, and asks."""
BECOMES_ROOT = frozenset(("sudo", "doas", "su", "pkexec", "run0", "sudoedit", "runuser", "visudo"))


class Level(IntEnum):
    """What a call is allowed by."""

    R0 = 0
    """It touches nothing: it runs."""
    R1 = 1
    """It reads inside the workspace, or is kept from more: it runs."""
    R2 = 2
    """It changes the workspace, or is kept from more: it asks, unless that was allowed."""
    R3 = 3
    """It starts programs, reaches out, or touches what lies outside: it asks, unless exactly that was allowed."""
    R4 = 4
    """It touches what is the person's alone: it is refused, and never offered."""

    def __str__(self) -> str:
        return self.name


_FLOOR = {
    Risk.PURE: Level.R0,
    Risk.READ: Level.R1,
    Risk.WRITE: Level.R2,
    Risk.NETWORK: Level.R3,
    Risk.EXECUTE: Level.R3,
}
_HEIGHT = {risk: n for n, risk in enumerate((Risk.PURE, Risk.READ, Risk.WRITE, Risk.NETWORK, Risk.EXECUTE))}


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a call does to the world, all considered."""

    risk: Risk
    level: Level
    reason: str = ""
    """Why it is more, or less, than the tool says; "" where it is neither."""
    harmless: frozenset[Command] = frozenset()
    """Commands of it that only read inside the workspace, so that no rule has to allow them."""
    kept: bool = False
    """Whether it is no more for that alone that its programs are kept from more."""


def riskier(one: Risk, other: Risk) -> Risk:
    """The kind that does more to the world."""
    return max(one, other, key=_HEIGHT.__getitem__)


def assess(subject: Subject, rules: Iterable[RiskRule], places: Places, *, reach: Reach = Reach.OUTSIDE) -> Assessed:
    """The level of a call. A plugin's rule may raise it, and never lowers it.

    `reach` is as far as the programs that it starts are sure to get, whatever they are.
    """
    risk, reason, least = subject.offered.tool.risk, "", Level.R0
    for rule in rules:
        if not fnmatchcase(subject.offered.full_name, rule.tool) or not _found(rule.when, subject):
            continue
        least = max(least, _FLOOR[rule.risk])
        if _HEIGHT[rule.risk] > _HEIGHT[risk]:
            risk, reason = rule.risk, rule.reason
    level, why = _level(subject, risk, places, reach)
    if least > level:
        level, why = least, ""
    kept = risk is Risk.EXECUTE and least < level < Level.R3 and level is _OF_REACH[reach]
    return Assessed(risk, level, reason or why, _harmless(subject, places), kept)


def _found(when: Mapping[str, str], subject: Subject) -> bool:
    return all(found_in(pattern, subject.arguments.get(name)) for name, pattern in when.items())


def _level(subject: Subject, risk: Risk, places: Places, reach: Reach) -> tuple[Level, str]:
    match risk:
        case Risk.PURE:
            return Level.R0, ""
        case Risk.READ | Risk.WRITE:
            return _of_paths(subject, places, writing=risk is Risk.WRITE)
        case Risk.EXECUTE:
            return _of_programs(subject, places, reach)
        case Risk.NETWORK:
            if why := _forbidden(subject, places, writing=False):
                return Level.R4, why
            return Level.R3, ""
        case _:
            assert_never(risk)


def _of_paths(subject: Subject, places: Places, *, writing: bool) -> tuple[Level, str]:
    if why := _forbidden(subject, places, writing=writing):
        return Level.R4, why
    root = subject.root
    for path in (*subject.paths, *subject.maybe_paths):
        if not writing and not subject.offered.tool.paths and not os.path.lexists(path):
            continue  # it only looked like a path
        if path != root and root not in path.parents:
            return Level.R3, f"{path} is outside the workspace"
        if why := places.holds(path, root, writing=writing):
            return (Level.R4 if writing and path != root else Level.R3), f"below {path}: {why}"
        if writing and careful(path, root):
            return Level.R3, f"{path.relative_to(root)} may have other programs started"
    return (Level.R2 if writing else Level.R1), ""


def _forbidden(subject: Subject, places: Places, *, writing: bool) -> str:
    for path in (*subject.paths, *subject.maybe_paths):
        if why := places.forbidden(path, subject.root, writing=writing):
            return f"{path}: {why}"
    return ""


# -- programs -----------------------------------------------------------------------------------------------------


_OF_REACH = {Reach.READS: Level.R1, Reach.WRITES: Level.R2, Reach.OUTSIDE: Level.R3}


def _of_programs(subject: Subject, places: Places, reach: Reach) -> tuple[Level, str]:
    level = _OF_REACH[reach]
    if why := _forbidden(subject, places, writing=False):
        return Level.R4, why
    if subject.script is None:
        if why := places.named(subject.loose_words, subject.root):
            return Level.R4, why
        return level, _KEPT if level is Level.R1 else ""
    if why := _refused(subject.script, places, subject.root):
        return Level.R4, why
    why = _only_reads(subject.script, places, subject.root)
    if why and level is Level.R1:
        return level, _KEPT
    if why:
        return level, "" if why == UNKNOWN else why
    return Level.R1, "it only reads, inside the workspace"


def _refused(script: Script, places: Places, root: Path) -> str:
    """Why the person has to do it; "" where it may be asked about."""
    told: list[str] = []
    loose: list[str] = []
    for command in script.commands:
        told += (said := [*command.words, *command.reads, *command.writes])
        told += [value for word in said if (value := word.partition("=")[2])]
        name = os.path.basename(command.words[0]) if command.words else ""
        starts = not command.known or name in STARTERS or any(word.startswith(("-exec", "-ok")) for word in said)
        inner = loose_words(" ".join(command.words)) if starts else command.words[:1]
        if found := _becomes_root(inner):
            return found
        loose += inner
    if script.torn:
        loose += (words := loose_words(script.text))
        if found := _becomes_root(words):
            return found
    return places.named(told, root, by_link=True) or places.named(loose, root)


def _becomes_root(words: Iterable[str]) -> str:
    """Which of the words is a program that acts as somebody else; "" where none is."""
    found = BECOMES_ROOT & {word.rpartition("/")[2] for word in {*words}}
    return f"{min(found)} acts with more rights than you gave Rookery" if found else ""


def _only_reads(script: Script, places: Places, root: Path) -> str:
    """Why it is not known to only read inside the workspace; "" where it is."""
    if script.unclear:
        return f"the command is not understood: {script.unclear}"
    return next((why for command in script.commands if (why := _does_more(command, places, root))), "")


def _harmless(subject: Subject, places: Places) -> frozenset[Command]:
    script = subject.script
    if script is None or script.unclear:
        return frozenset()
    return frozenset(command for command in script.commands if not _does_more(command, places, subject.root))


def _does_more(command: Command, places: Places, root: Path) -> str:
    """Why a command is not known to only read inside the workspace; "" where it is."""
    looks = reads(command)
    if looks is None:
        return UNKNOWN
    return _outside(looks, places, root)


def _outside(looks: Reads, places: Places, root: Path) -> str:
    """Why what is looked at is not all in the workspace, and free to be read; "" where it is."""
    for word in (*looks.files, *looks.globs):
        path = places.meant(os.path.join(".", word) if word.startswith("~") else word, root)
        if path is None or (path != root and root not in path.parents):
            return f"{word[:200]} is outside the workspace"
        if looks.below and (why := places.holds(path, root, writing=False)):
            return f"{word[:200]}: {why}"
    if looks.below and (why := places.holds(root, root, writing=False)):
        return f"the workspace: {why}"
    return next((why for word in looks.globs if (why := _strays(word, places, root))), "")


def _strays(word: str, places: Places, root: Path) -> str:
    """Why a pattern may stand for something else than files of its folder, in the workspace; "" where it does not."""
    above, _, _ = word.rpartition("/")
    if set("*?[") & set(above):
        return f"{word[:200]} looks into several folders"
    folder = places.meant(above or ".", root)
    if folder is None or word.startswith("/"):
        return f"{word[:200]} is outside the workspace"
    try:
        with os.scandir(folder) as entries:
            for n, entry in enumerate(entries):
                if n >= GLOB_NAMES:
                    return f"{word[:200]} is in a folder with too many files to look at"
                if entry.name.startswith("-") and not above:
                    return f"a file is named like an option: {entry.name[:60]}"
                path = Path(os.path.realpath(entry.path)) if entry.is_symlink() else folder / entry.name
                if root not in path.parents and path != root:
                    return f"{entry.name[:60]} leads out of the workspace"
                if why := places.forbidden(path, root, writing=False):
                    return f"{entry.name[:60]}: {why}"
    except OSError:
        return ""  # a pattern that fits nothing stays as it is
    return ""
