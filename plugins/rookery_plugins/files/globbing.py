"""Patterns of paths, such as *.pdf or src/**/test_*.py, without regard to capital letters.

A pattern without a slash is of a name in any folder. `**` stands for any folders, also none, and {a,b} for a or b. What
begins with a dot is hidden: neither a star at its beginning nor `**` is meant to find it, as in a shell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

PATTERN_CHARS = 500
PARTS = 40
CHOICES = 50
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MAGIC = re.compile(r"[*?\[{]")

State = tuple[int, ...]
"""How many parts of a pattern are used up by the folders so far, in every way that fits."""


class PatternError(ValueError):
    """A pattern that cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern without choices, part by part."""

    parts: tuple[str, ...]
    hidden_too: bool = False
    folders_only: bool = False

    @property
    def start(self) -> State:
        return self._with_any((0,))

    def after(self, state: State, name: str) -> State:
        """The state one name further down; empty where nothing can fit any more."""
        name = name.casefold()
        reached: set[int] = set()
        for at in state:
            if at == len(self.parts):
                continue
            part = self.parts[at]
            if part == "**":
                if self.hidden_too or not name.startswith("."):
                    reached.add(at)
            elif fnmatchcase(name, part) and (self.hidden_too or part.startswith(".") or not name.startswith(".")):
                reached.add(at + 1)
        return self._with_any(reached)

    def fits(self, path: str, *, is_folder: bool) -> bool:
        """Whether it fits a path whole."""
        return len(self.parts) in self._along(path) and (is_folder or not self.folders_only)

    def may_fit_below(self, folder: str) -> bool:
        """Whether it can fit anything in a folder."""
        return any(at < len(self.parts) for at in self._along(folder))

    def _along(self, path: str) -> State:
        state = self.start
        for name in path.split("/"):
            state = self.after(state, name)
        return state

    def _with_any(self, state: set[int] | State) -> State:
        """With the states that are reached by letting `**` stand for nothing."""
        reached = set(state)
        for at in sorted(reached):
            while at < len(self.parts) and self.parts[at] == "**":
                at += 1
                reached.add(at)
        return tuple(sorted(reached))


def has_magic(pattern: str) -> bool:
    """Whether it is more than a name."""
    return _MAGIC.search(pattern) is not None


def globs(pattern: str, *, hidden_too: bool = False) -> list[Glob]:
    """A pattern's choices. Raises PatternError."""
    if not pattern.strip("/") or len(pattern) > PATTERN_CHARS:
        raise PatternError(f"give a pattern such as *.pdf or docs/**/*.md, with at most {PATTERN_CHARS} characters")
    return [_glob(choice, hidden_too) for choice in _choices(pattern)]


def _glob(pattern: str, hidden_too: bool) -> Glob:
    parts = [part for part in pattern.casefold().split("/") if part not in ("", ".")]
    if ".." in parts:
        raise PatternError("the pattern has a '..'; name a folder of the workspace instead")
    if len(parts) > PARTS:
        raise PatternError(f"the pattern has more than {PARTS} parts")
    if len(parts) == 1 and parts != ["**"] and not pattern.startswith("./"):
        parts = ["**", *parts]
    return Glob(tuple(parts), hidden_too, folders_only=pattern.endswith("/"))


def _choices(pattern: str) -> list[str]:
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        if len(done) + len(waiting) > CHOICES:
            raise PatternError(f"the pattern stands for more than {CHOICES} others; give a simpler one")
        found = _BRACES.search(text := waiting.pop())
        if found is None:
            done.append(text)
        else:
            waiting += [text[: found.start()] + each + text[found.end() :] for each in found[1].split(",")]
    return done
