"""Changes to a file of rules: one is put at its end, or taken out; what the person wrote around it stays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rookery_core.approval.rule_file import Listed, RuleFile, read_rules, read_text
from rookery_core.approval.rule_table import RuleTable, table_of
from rookery_core.approval.rules import Rule
from rookery_core.config import toml_line
from rookery_core.errors import ConfigError
from rookery_core.paths import private_folder, replace_file

PATIENCE_S = 5.0
"""How long another program is waited for that is writing the file."""


def add_rules(file: Path, rules: Sequence[Rule | RuleTable]) -> RuleFile:
    """Write rules at the end of a file. Raises ConfigError; the file is then as it was.

    A rule gets examples of our making; a table has those of the person.
    """
    blocks = "\n".join(map(block_of, rules))
    with _changing(file) as (before, real):
        text = before.text.rstrip("\n")
        after = read_text(file, f"{text}\n\n{blocks}" if text else blocks)
        if after.mistakes:
            raise ConfigError(f"the rule is not written: {after.mistakes[0].what}")
        replace_file(real, after.text)
    return after


def remove_rule(file: Path, number: int) -> Listed:
    """Take the n-th rule out of a file, from 1. Raises ConfigError; the file is then as it was."""
    with _changing(file) as (before, real):
        if not 1 <= number <= len(before.listed):
            raise ConfigError(f"there is no rule {number}; `rookery rules list` numbers them")
        gone = before.listed[number - 1]
        lines = before.text.split("\n")
        ends = [each.line - 1 for each in before.listed[number:]] or [len(lines)]
        after = read_text(file, "\n".join([*lines[: gone.line - 1], *lines[ends[0] :]]))
        if after.mistakes or len(after.listed) != len(before.listed) - 1:
            raise ConfigError(f"{file}: rule {number} cannot be taken out by itself; edit the file")
        replace_file(real, after.text)
    return gone


def block_of(rule: Rule | RuleTable) -> str:
    """A rule as it stands in a file: one line for each thing it says."""
    table = rule.model_dump(exclude_defaults=True) if isinstance(rule, RuleTable) else table_of(rule)
    return "\n".join(["[[rule]]", *(toml_line(key, value) for key, value in table.items())]) + "\n"


@contextmanager
def _changing(file: Path) -> Iterator[tuple[RuleFile, Path]]:
    """What is in the file now, and which file it really is, while nobody else changes it. Raises ConfigError."""
    from filelock import FileLock, Timeout

    real = Path(os.path.realpath(file))
    try:
        private_folder(real.parent)
        with FileLock(f"{real}.lock", timeout=PATIENCE_S, mode=0o600):
            before = read_rules(file)
            if before.mistakes:
                raise ConfigError(f"{before.mistakes[0]}; mend it first, so that nothing is lost of what is not read")
            yield before, real
    except Timeout as exc:
        raise ConfigError(f"{file} is held by another Rookery; try again") from exc
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror}") from exc
