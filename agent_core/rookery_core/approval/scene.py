"""What a call would start and touch, as it is on this machine at this moment: programs, files, their environment.

Looks and changes nothing; resolves no name of a host, since that would tell somebody of a call that nobody allowed yet.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from rookery_core.approval.levels import Assessed
from rookery_core.approval.places import Places
from rookery_core.approval.reading import reads
from rookery_core.approval.shell_text import ALSO_START, STARTERS, Command, loose_words
from rookery_core.approval.subject import Subject
from rookery_core.surroundings import program_environment, which
from rookery_core.tools.contract import Risk

SHELL = "/bin/sh"
CONTENT_BYTES = 64 << 20
"""Of so much in all the contents are read; of what is beyond, what the file system says of a file has to do."""
CHUNK_BYTES = 1 << 20
NAMES = 5_000
"""Of a folder with more names none that a pattern stands for are looked at."""
WORDS = 2_000
"""So many words of a call are looked at as files."""
ABSENT = "absent"

_BUILT_IN = frozenset(
    (
        ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export",
        "false", "fg", "getopts", "hash", "jobs", "kill", "printf", "pwd", "read", "readonly", "return", "set", "shift",
        "test", "times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset", "wait",
    )
)  # fmt: skip


_OF_THE_SYSTEM = frozenset(("dev", "proc", "sys"))


class Role(StrEnum):
    """What a call would do with a file, that which may do most first."""

    WRITES = "writes"
    NAMES = "names"
    """Whether it reads or writes is not known."""
    READS = "reads"


@dataclass(frozen=True, slots=True)
class Started:
    """A program that a call names."""

    name: str
    file: str
    """The file that the name means; "" where there is none."""
    real: str
    """The same without links."""
    standing: str
    """What it is known by; ABSENT where there is none."""
    built_in: bool = False
    """Whether the shell does it itself."""
    likely: bool = True
    """Whether it seems to be started; else one that may be started is named like a word of the call."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A file or folder that a call names."""

    role: Role
    path: Path
    """As it really is."""
    standing: str
    """What it is known by: the hash of what is in it, say; ABSENT where there is none."""

    @property
    def folder(self) -> bool:
        return self.standing.startswith("folder")


@dataclass(frozen=True, slots=True)
class Scene:
    """All that was found."""

    folder: Path
    standing: str
    """What the folder is known by."""
    programs: tuple[Started, ...] = ()
    files: tuple[Touched, ...] = ()
    environment: Mapping[str, str] | None = None
    """What the programs get; None where none is started."""


def look(subject: Subject, assessed: Assessed, environ: Mapping[str, str], places: Places) -> Scene:
    """Find out what a call would start and touch. Raises nothing."""
    executes = Risk.EXECUTE in (assessed.risk, subject.offered.tool.risk)
    environment = program_environment(environ) if executes else None
    reading = _Reading()
    files = _files(subject, places)
    return Scene(
        subject.root,
        _folder(subject.root),
        tuple(_programs(subject, environment["PATH"])) if environment else (),
        tuple(Touched(role, path, reading.standing(path, subject.root)) for path, role in sorted(files.items())),
        environment,
    )


# -- programs -----------------------------------------------------------------------------------------------------


def _programs(subject: Subject, path: str) -> Iterator[Started]:
    script = subject.script
    if script is None:
        return
    in_shell = isinstance(subject.arguments.get(subject.offered.tool.command), str)
    if in_shell:
        yield _started(SHELL, subject.root, path)
    first: set[str] = set()
    likely: dict[str, bool] = {}
    for command in script.commands:
        starts = not command.known or _starter(command) in STARTERS
        for n, word in enumerate((*command.words[:1], *_inner(command))):
            first |= {word} if n == 0 else set()
            likely[word] = likely.get(word, False) or n == 0 or starts
    if script.torn:
        likely |= dict.fromkeys(loose_words(script.text)[:WORDS], True)
    for name in likely:
        if in_shell and name in first and name in _BUILT_IN:
            yield Started(name, "", "", "built in", built_in=True)
            continue
        found = _started(name, subject.root, path)
        if name in first or found.file:
            yield replace(found, likely=likely[name])


def _inner(command: Command) -> list[str]:
    """Of a command that may start others, all that could be a word of those."""
    starts = not command.known or _starter(command) in ALSO_START
    return [*command.words[1:], *loose_words(" ".join(command.words[1:]))][:WORDS] if starts else []


def _starter(command: Command) -> str:
    return os.path.basename(command.words[0]) if command.words else ""


def _started(name: str, folder: Path, path: str) -> Started:
    try:
        file = which(name, folder, path) if name and "\0" not in name else None
        if file is None:
            return Started(name, "", "", ABSENT)
        real = os.path.realpath(file)
        return Started(name, file, real, _identity("program", os.stat(real)))
    except (OSError, ValueError):
        return Started(name, "", "", ABSENT)


# -- files --------------------------------------------------------------------------------------------------------


def _files(subject: Subject, places: Places) -> dict[Path, Role]:
    """The files that a call names, as they really are, and what it does with each."""
    found: dict[Path, Role] = {}

    def add(path: Path | None, role: Role, *, sure: bool) -> None:
        if path is None or path == subject.root or path in subject.root.parents or not (sure or os.path.lexists(path)):
            return
        found[path] = min(found.get(path, role), role, key=[*Role].index)

    role = {Risk.READ: Role.READS, Risk.WRITE: Role.WRITES}.get(subject.offered.tool.risk, Role.NAMES)
    for path in subject.paths:
        add(path, role, sure=True)
    for path in subject.maybe_paths:
        add(path, role, sure=False)
    for word, of_word, sure in _named(subject):
        add(places.meant(word, subject.root), of_word, sure=sure)
    return found


def _named(subject: Subject) -> Iterator[tuple[str, Role, bool]]:
    """Words that may be files, what is done with them, and whether they are files for certain."""
    for word in subject.loose_words[:WORDS]:
        yield word, Role.NAMES, False
    script = subject.script
    if script is None:
        return
    for command in script.commands:
        role = Role.NAMES if reads(command) is None else Role.READS
        for word in command.writes:
            yield word, Role.WRITES, word != "?"
        for word in command.reads:
            yield word, Role.READS, True
        for n, word in enumerate(command.words[:WORDS]):
            if n or "/" in word:
                yield word, role, False
            if value := word.partition("=")[2]:
                yield value, role, False
            if n in command.globs:
                yield from ((name, role, False) for name in _fitting(word, subject.root))
        yield from ((word, role, False) for word in _inner(command))
    if script.torn:
        yield from ((word, Role.NAMES, False) for word in loose_words(script.text)[:WORDS])


def _fitting(pattern: str, root: Path) -> list[str]:
    """The names that a pattern stands for, where it is one of names in a single folder."""
    above, _, last = pattern.rpartition("/")
    if set("*?[") & set(above):
        return []
    try:
        with os.scandir(root / (above or ("/" if pattern.startswith("/") else "."))) as entries:
            names = [entry.name for entry, _ in zip(entries, range(NAMES + 1), strict=False)]
    except (OSError, ValueError):
        return []
    return [] if len(names) > NAMES else [os.path.join(above, name) for name in names if fnmatchcase(name, last)]


@dataclass(slots=True)
class _Reading:
    """Reads what is in files, as long as that is not too much."""

    left: int = field(default=CONTENT_BYTES)

    def standing(self, path: Path, root: Path) -> str:
        """What is at a path, so that another file, or another content, is something else."""
        try:
            info = os.lstat(path)
            if stat.S_ISDIR(info.st_mode):
                inside = root in path.parents  # what lies outside may change all the time, as /tmp does
                return _identity("folder", info) if inside else f"folder {info.st_dev}:{info.st_ino}"
            if len(path.parts) > 1 and path.parts[1] in _OF_THE_SYSTEM:
                return f"of the system {info.st_dev}:{info.st_ino} {info.st_rdev}"
            if stat.S_ISLNK(info.st_mode):
                return f"link to {os.readlink(path)}"
            if stat.S_ISREG(info.st_mode) and info.st_size <= self.left:
                return self._contents(path) or _identity("file", info)
            return _identity("file", info)
        except (FileNotFoundError, NotADirectoryError, ValueError):  # of no name with half a character there is a file
            return ABSENT
        except OSError as exc:
            return f"not to be looked at: {errno.errorcode.get(exc.errno or 0, exc.errno)}"

    def _contents(self, path: Path) -> str:
        """The hash of a file's bytes; "" where they cannot be read."""
        try:
            number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return ""
        with open(number, "rb", buffering=0) as file:
            info = os.fstat(number)
            if not stat.S_ISREG(info.st_mode):
                return ""
            whole = hashlib.sha256()
            while chunk := file.read(min(CHUNK_BYTES, self.left + 1)):
                self.left -= len(chunk)
                whole.update(chunk)
                if self.left < 0:
                    return ""
        return f"file {whole.hexdigest()} {info.st_mode:o}"


def _folder(path: Path) -> str:
    """The folder itself, whatever is in it."""
    try:
        info = os.stat(path)
        return f"{info.st_dev}:{info.st_ino}"
    except OSError:
        return ABSENT


def _identity(kind: str, info: os.stat_result) -> str:
    """What the file system knows a file by. That a file was written to shows in its ctime, which nobody can set."""
    return f"{kind} {info.st_dev}:{info.st_ino} {info.st_mode:o} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}"


def listed(names: Sequence[str], most: int) -> str:
    """Some of many, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def roles(files: Iterable[Touched], role: Role) -> list[Touched]:
    """The files that something is done with."""
    return [each for each in files if each.role is role]
