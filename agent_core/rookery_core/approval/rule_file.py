"""A file of rules: read with its examples tried, so that one with a mistake is named by its line, and added to.

A mistake never makes it more permissive: of a file that is not right no rule that allows is used, and those that deny
or ask are as far as they can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rookery_core import toml_text
from rookery_core.approval.rule_table import BadRule, RuleTable, check_examples, explain, made_of
from rookery_core.approval.rules import Do, Rule
from rookery_core.events import RulesBroken
from rookery_core.text import one_line
from rookery_core.toml_text import BadToml, parsed

MAX_BYTES = 1_000_000
MEANWHILE = "until it is mended, Rookery asks about everything but calculating"
_HEADER = re.compile(r"\s*\[\[\s*(?:rule|\"rule\"|'rule')\s*\]\]")


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong with a file of rules."""

    file: Path
    line: int
    """From 1; 0 where no line can be named."""
    what: str
    grave: bool = True
    """Whether nothing is allowed until it is mended; otherwise it is only to be known."""

    def event(self) -> RulesBroken:
        """That it was found."""
        return RulesBroken(file=str(self.file), line=self.line, reason=self.told)

    @property
    def told(self) -> str:
        """What is wrong, and what that means."""
        return f"{self.what}; {MEANWHILE}" if self.grave else self.what

    @property
    def said(self) -> str:
        """The same, with its place."""
        return f"{self._place}: {self.told}"

    @property
    def _place(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}"

    def __str__(self) -> str:
        return f"{self._place}: {self.what}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule as it stands in a file."""

    rule: Rule
    line: int


@dataclass(frozen=True, slots=True)
class RuleFile:
    """What was read of a file."""

    file: Path
    listed: tuple[Listed, ...] = ()
    """Those that are used: all of them, or where there is a mistake those that do not allow."""
    mistakes: tuple[Mistake, ...] = ()
    text: str = field(default="", repr=False)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(each.rule for each in self.listed)


def read_rules(file: Path, *, tightening: Path | None = None) -> RuleFile:
    """Read a file of rules; one that is not there has none. It raises nothing.

    `tightening` is the workspace whose own file it is: it may ask and deny there, and allow nothing.
    """
    try:
        text = toml_text.read_text(file, MAX_BYTES)
    except BadToml as exc:
        return _wrong(file, exc.line, exc.what)
    return RuleFile(file) if text is None else read_text(file, text, tightening)


def _wrong(file: Path, line: int, what: str) -> RuleFile:
    return RuleFile(file, (), (Mistake(file, line, what),))


def read_text(file: Path, text: str, tightening: Path | None = None) -> RuleFile:
    """Read what stands, or is to stand, in a file of rules. It raises nothing."""
    mistakes: list[Mistake] = []
    blocks = [*_blocks(text)]
    try:
        whole = parsed(text)
    except BadToml as exc:
        mistakes.append(Mistake(file, exc.line, exc.what))
    else:
        mistakes += _around(file, whole, blocks)
    listed: list[Listed] = []
    for line, block in blocks:
        try:
            (table,) = parsed(block)["rule"]
        except (BadToml, KeyError, TypeError, ValueError):
            if not mistakes:
                mistakes.append(Mistake(file, line, "it is no rule"))
            continue
        rule, found = _rule(table, file, line, block, tightening)
        mistakes += found
        if rule is not None and not (found and rule.do is Do.ALLOW):
            listed.append(Listed(replace(rule, origin=f"{file.name}:{line}"), line))
    if mistakes:
        listed = [each for each in listed if each.rule.do is not Do.ALLOW]
    return RuleFile(file, tuple(listed), tuple(mistakes), text)


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Every rule's text, and the line it begins on."""
    begun = 0
    kept: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if _HEADER.match(line):
            if begun:
                yield begun, "\n".join(kept)
            begun, kept = number, []
        if begun:
            kept.append(line)
    if begun:
        yield begun, "\n".join(kept)


def _around(file: Path, whole: Mapping[str, Any], blocks: list[tuple[int, str]]) -> list[Mistake]:
    """What is wrong beside the rules themselves."""
    rules = whole.get("rule", [])
    other = [key for key in whole if key != "rule"]
    if other:
        hint = "; each rule begins with [[rule]]" if other[0] in ("rules", *RuleTable.model_fields) else ""
        return [Mistake(file, 1, f"{one_line(other[0], 60)} is nothing that a file of rules has{hint}")]
    if not isinstance(rules, list) or len(rules) != len(blocks) or not all(isinstance(each, dict) for each in rules):
        return [Mistake(file, 1, "each rule has to begin with a line [[rule]] of its own")]
    return []


def _rule(
    table: Mapping[str, Any], file: Path, line: int, block: str, tightening: Path | None
) -> tuple[Rule | None, list[Mistake]]:
    """The rule, where it can be understood at all, and what is wrong with it."""
    try:
        read = RuleTable.model_validate(table)
    except ValidationError as exc:
        wrong = exc.errors(include_url=False)
        return None, [Mistake(file, _key_line(block, line, str(each["loc"][0])), explain(each)) for each in wrong[:5]]
    rule = None
    try:
        rule = made_of(read, tightening)
        check_examples(rule, read)
    except BadRule as exc:
        return rule, [Mistake(file, _key_line(block, line, exc.key), str(exc))]
    return rule, []


def _key_line(block: str, line: int, key: str) -> int:
    """The line of a key in a rule; the rule's own where it has none."""
    begins = re.compile(rf"\s*\[?(?:rule\.)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]") if key else None
    for number, text in enumerate(block.split("\n"), line):
        if begins is not None and begins.match(text):
            return number
    return line
