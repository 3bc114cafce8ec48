"""The rules that hold in a workspace: the person's own, and those of the project, which may only tighten them.

The files are read again when they have changed, so that what the person edits holds from the next call on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rookery_core.approval.rule_file import MEANWHILE, Mistake, RuleFile, read_rules
from rookery_core.approval.rule_writing import add_rules
from rookery_core.approval.rules import Rule
from rookery_core.errors import ConfigError

PROJECT_RULES = Path(".rookery", "rules.toml")
"""In a workspace."""

_Stamp = tuple[int, int, int, int] | str


@dataclass(slots=True)
class Rulebook:
    """The rules of one workspace."""

    file: Path | None = None
    """The person's own; None: there are none, and nothing is remembered for good."""
    root: Path | None = None
    """The workspace, as a real path; None: it has no rules of its own."""
    _read: dict[Path, tuple[_Stamp, RuleFile]] = field(default_factory=dict, repr=False)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All that hold now."""
        return tuple(rule for read in self.files for rule in read.rules)

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """What is wrong with the files."""
        return tuple(mistake for read in self.files for mistake in read.mistakes)

    @property
    def broken(self) -> str:
        """Why nothing is allowed just now; "" where the rules could be read."""
        wrong = self.mistakes
        return f"{wrong[0]}; {MEANWHILE}" if wrong else ""

    @property
    def fingerprint(self) -> str:
        """A hash over all that the files say now, mistakes included; another one where anything was changed."""
        said = [(str(read.file), read.text, [str(mistake) for mistake in read.mistakes]) for read in self.files]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def remember(self, rules: Iterable[Rule]) -> None:
        """Write them into the person's own file. Raises ConfigError."""
        if self.file is None:
            raise ConfigError("there is no file that rules could be kept in")
        known = {*self.rules}
        if new := [rule for rule in rules if rule not in known]:
            add_rules(self.file, new)

    @property
    def files(self) -> list[RuleFile]:
        """The files as they are now, the person's own first."""
        found = [] if self.file is None else [self._current(self.file, None)]
        return found if self.root is None else [*found, self._current(self.root / PROJECT_RULES, self.root)]

    def _current(self, file: Path, tightening: Path | None) -> RuleFile:
        try:
            told = file.stat()
            stamp: _Stamp = (told.st_mtime_ns, told.st_ctime_ns, told.st_size, told.st_ino)
        except OSError as exc:
            stamp = str(exc.strerror)
        kept = self._read.get(file)
        if kept is None or kept[0] != stamp:
            kept = self._read[file] = (stamp, read_rules(file, tightening=tightening))
        return kept[1]
