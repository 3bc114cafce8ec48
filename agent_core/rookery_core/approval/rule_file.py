"""A file of rules: read with its examples tried, so that one with a mistake is named by its line, and added to.

A mistake never makes it more permissive: of a file that is not right no rule that allows is used, and those that deny
or ask are as far as they can be read.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, ValidationError

from rookery_core.approval.levels import Level
from rookery_core.approval.rules import MORE, At, Below, Do, Part, Rule, Scope, Values, Words
from rookery_core.approval.shell_text import ALSO_START, script_of
from rookery_core.approval.subject import Site, site_of
from rookery_core.errors import ConfigError
from rookery_core.events import RulesBroken
from rookery_core.paths import private_folder, replace_file
from rookery_core.text import one_line

MAX_BYTES = 1_000_000
MEANWHILE = "until it is mended, Rookery asks about everything"
_HEADER = re.compile(r"\s*\[\[\s*(?:rule|\"rule\"|'rule')\s*\]\]")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")
_NAME = re.compile(r"[a-zA-Z0-9_-]+\.[a-z][a-z0-9_]*")
_PATTERN = re.compile(r"[a-zA-Z0-9_.*?\[\]-]+")
SCOPES = ("argv", "path", "url", "arguments", "part")

Example = str | dict[str, Any]


class RuleTable(BaseModel):
    """A `[[rule]]` as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    do: Literal["allow", "ask", "deny"]
    """What becomes of such a call."""
    tool: str
    """The tool's full name, `plugin.tool`; of a rule that asks or denies also a pattern, `files.*`."""
    argv: list[str] | None = None
    """Of a tool that runs commands: the program and its arguments. `...` at the end: others that are no options."""
    path: str | None = None
    """A file, or a folder and all below it. A relative one is from the workspace of the rule."""
    url: str | None = None
    """A host, `HOST:PORT` or an address with its scheme; of a rule that asks or denies also `*.HOST`."""
    arguments: dict[str, Any] | None = None
    """Arguments that have these values."""
    part: str | None = None
    """What the tool itself says that the call is about, as the question showed it."""
    workspace: str = ""
    """The only workspace it holds in; left out: everywhere."""
    definition: str = ""
    """Of the tool when the rule was remembered; a tool that has changed since is not meant."""
    up_to: Literal["R2", "R3"] = "R3"
    """The highest level it allows."""
    matches: list[Example] = []
    """Examples that it is about; tried whenever the file is read."""
    rejects: list[Example] = []
    """Examples that it is not about."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong with a file of rules."""

    file: Path
    line: int
    """From 1; 0 where no line can be named."""
    what: str

    def event(self) -> RulesBroken:
        """That it was found."""
        return RulesBroken(file=str(self.file), line=self.line, reason=f"{self.what}; {MEANWHILE}")

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.what}"


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
        with open(file, "rb", opener=_without_waiting) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return _wrong(file, 0, "it is no ordinary file")
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return RuleFile(file)
    except OSError as exc:
        return _wrong(file, 0, f"it cannot be read: {exc.strerror}")
    if len(raw) > MAX_BYTES:
        return _wrong(file, 0, f"it has more than {MAX_BYTES} bytes, which is no file of rules")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        return _wrong(file, raw[: exc.start].count(b"\n") + 1, f"it is not UTF-8 text: 0x{raw[exc.start]:02x}")
    return _read(file, text, tightening)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _wrong(file: Path, line: int, what: str) -> RuleFile:
    return RuleFile(file, (), (Mistake(file, line, what),))


def _read(file: Path, text: str, tightening: Path | None) -> RuleFile:
    mistakes: list[Mistake] = []
    blocks = [*_blocks(text)]
    try:
        whole = tomllib.loads(text)
    except (ValueError, RecursionError) as exc:
        mistakes.append(Mistake(file, _line_of(exc, text), _toml_problem(exc)))
    else:
        mistakes += _around(file, whole, blocks)
    listed: list[Listed] = []
    for line, block in blocks:
        try:
            (table,) = tomllib.loads(block)["rule"]
        except (ValueError, KeyError, TypeError, RecursionError):
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


def _line_of(error: Exception, text: str) -> int:
    found = _AT_LINE.search(str(error))
    if found is None:
        return 0
    return int(found[1]) if found[1] else text.count("\n") + 1


def _toml_problem(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, tomllib.TOMLDecodeError):
        return f"it is not TOML: {one_line(_AT_LINE.sub('', str(error)), 200)}"
    return "it holds a number that is too long"


# -- one rule -------------------------------------------------------------------------------------------------------


class _Bad(ConfigError):
    """A rule is wrong; the key that it is about, or ""."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


def _rule(
    table: Mapping[str, Any], file: Path, line: int, block: str, tightening: Path | None
) -> tuple[Rule | None, list[Mistake]]:
    """The rule, where it can be understood at all, and what is wrong with it."""
    try:
        read = RuleTable.model_validate(table)
    except ValidationError as exc:
        wrong = exc.errors(include_url=False)
        return None, [Mistake(file, _key_line(block, line, str(each["loc"][0])), _explain(each)) for each in wrong[:5]]
    rule = None
    try:
        rule = made_of(read, tightening)
        check_examples(rule, read)
    except _Bad as exc:
        return rule, [Mistake(file, _key_line(block, line, exc.key), str(exc))]
    return rule, []


def _key_line(block: str, line: int, key: str) -> int:
    """The line of a key in a rule; the rule's own where it has none."""
    begins = re.compile(rf"\s*\[?(?:rule\.)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]") if key else None
    for number, text in enumerate(block.split("\n"), line):
        if begins is not None and begins.match(text):
            return number
    return line


def _explain(error: Mapping[str, Any]) -> str:
    where = one_line(".".join(str(part) for part in error["loc"] if not str(part).startswith("dict[")), 60)
    match error["type"]:
        case "missing":
            return f"a rule has to say {where}"
        case "extra_forbidden":
            near = difflib.get_close_matches(where[:60], list(RuleTable.model_fields), n=1)
            return f"{where} is nothing that a rule says{f'; did you mean {near[0]}?' if near else ''}"
        case _:
            return f"{where} must be {str(error['msg']).removeprefix('Input should be ').removeprefix('a valid ')}"


def made_of(table: RuleTable, tightening: Path | None = None) -> Rule:
    """The rule that a table says; its examples are not tried. Raises ConfigError."""
    do = Do(table.do)
    if tightening is not None:
        if do is Do.ALLOW:
            raise _Bad("do", "a project's own rules may ask and deny, and allow nothing: that is for your own rules")
        table = table.model_copy(update={"workspace": str(tightening)})
    if not (_NAME if do is Do.ALLOW else _PATTERN).fullmatch(table.tool):
        hint = "" if do is Do.ALLOW else ", or a pattern of one"
        raise _Bad("tool", f"tool must be a full name such as shell.shell{hint}; `rookery tools list` shows them")
    said = [name for name in SCOPES if getattr(table, name) is not None]
    if len(said) > 1:
        raise _Bad(said[1], f"a rule is about one of {', '.join(SCOPES)}; write two rules for {' and '.join(said)}")
    if table.workspace and not os.path.isabs(table.workspace):
        raise _Bad("workspace", "workspace must be the whole path of a folder")
    workspace = os.path.realpath(table.workspace) if table.workspace else ""
    scope = _scope(table, do, workspace)
    return Rule(do, table.tool, scope, workspace, table.definition, Level[table.up_to])


def _scope(table: RuleTable, do: Do, workspace: str) -> Scope:
    if table.argv is not None:
        return _words(table.argv, do)
    if table.path is not None:
        return Below(_path(table.path, workspace, "path"))
    if table.url is not None:
        return _at(table.url, do)
    if table.arguments is not None:
        if not table.arguments:
            raise _Bad("arguments", "arguments names no argument; leave it out to mean all calls of the tool")
        return Values(table.arguments)
    return None if table.part is None else Part(table.part)


def _words(argv: list[str], do: Do) -> Words:
    more = argv[-1:] == [MORE]
    words = tuple(argv[:-1] if more else argv)
    if not words or not words[0]:
        raise _Bad("argv", 'argv must begin with a program, such as ["git", "log", "..."]')
    if do is Do.ALLOW and more and len(words) == 1 and os.path.basename(words[0]) in ALSO_START:
        raise _Bad("argv", f'{words[0]} runs whatever it is told to: name what it may run, as in ["{words[0]}", "x"]')
    if do is not Do.ALLOW and os.path.basename(words[0]) != words[0]:
        raise _Bad(
            "argv", f"what asks or denies is about a program wherever it lies: write {os.path.basename(words[0])}"
        )
    return Words(words, more)


def _path(text: str, workspace: str, key: str) -> Path:
    whole = os.path.expanduser(text)
    if not text or "\0" in text or not (os.path.isabs(whole) or workspace):
        raise _Bad(key, f"{key} must be a whole path, or the rule has to name the workspace it is in")
    return Path(os.path.realpath(os.path.join(workspace, whole)))


def _at(text: str, do: Do) -> At:
    wild = text.startswith("*.")
    if wild and do is Do.ALLOW:
        raise _Bad("url", "a rule that allows names one host, without *")
    host = text.partition("://")[2] or text
    if set(host) & set("/?#@ ") and host.rstrip("/").count("/"):
        raise _Bad("url", "url is a host and a port, without a path: https://docs.python.org, or localhost:8080")
    site = site_of((text[2:] if wild else text).rstrip("/"))
    if site is None or "@" in text:
        raise _Bad("url", "url must be a host, such as https://docs.python.org or localhost:8080")
    ported = "://" in text or re.search(r":\d+/?$", text) is not None
    return At(f"*.{site.host}" if wild else site.host, site.port if ported or do is Do.ALLOW else 0)


# -- examples ---------------------------------------------------------------------------------------------------------


def check_examples(rule: Rule, table: RuleTable) -> None:
    """Try the examples. Raises _Bad for one that comes out otherwise, and for a rule that allows and has none."""
    if rule.scope is None:
        if table.matches or table.rejects:
            raise _Bad("matches" if table.matches else "rejects", "a rule for all calls of a tool has no examples")
        return
    if rule.do is Do.ALLOW and not (table.matches and table.rejects):
        missing = "rejects" if table.matches else "matches"
        raise _Bad("", f"a rule that allows needs examples: {missing} = [...] is missing")
    for key, wanted in (("matches", True), ("rejects", False)):
        for example in getattr(table, key):
            if _fits(rule, example, key) is not wanted:
                told = one_line(str(example), 80)
                raise _Bad(key, f"the rule is {'not ' if wanted else ''}about {told}, which stands in {key}")


def _fits(rule: Rule, example: Example, key: str) -> bool:
    if isinstance(example, dict) is not isinstance(rule.scope, Values):
        kind = "a table of arguments" if isinstance(rule.scope, Values) else "a text"
        raise _Bad(key, f"an example of this rule must be {kind}")
    match rule.scope, example:
        case Words() as words, str():
            script = script_of(example)
            if rule.do is not Do.ALLOW:
                return words.fires(script)
            return not script.unclear and all(map(words.covers, script.commands))
        case Below() as below, str():
            return below.holds(_path(example, rule.workspace, key))
        case At() as at, str():
            site = site_of(example)
            return site is not None and at.holds(site)
        case Values() as values, dict():
            return values.holds(example)
        case Part(text=text), str():
            return text == example
        case _:
            return False


# -- writing ----------------------------------------------------------------------------------------------------------


def table_of(rule: Rule) -> dict[str, Any]:
    """A rule as it is written, with examples where it has to have some."""
    written: dict[str, Any] = {"do": str(rule.do), "tool": rule.tool}
    match rule.scope:
        case Words(words=words, more=more):
            written["argv"] = [*words, *([MORE] if more else [])]
        case Below(path=path):
            written["path"] = str(path)
        case At(host=host, port=port):
            written["url"] = str(Site(host, port)) if port else host
        case Values(values=values):
            written["arguments"] = dict(values)
        case Part(text=text):
            written["part"] = text
        case None:
            pass
    written |= {"workspace": rule.workspace} if rule.workspace else {}
    written |= {"definition": rule.definition} if rule.definition else {}
    written |= {"up_to": str(rule.up_to)} if rule.up_to is Level.R2 else {}
    if rule.do is Do.ALLOW and rule.scope is not None:
        yes, no = _examples(rule.scope)
        written |= {"matches": [yes], "rejects": [no]}
    return written


def _examples(scope: Words | Below | At | Values | Part) -> tuple[Example, Example]:
    """A call that the rule is about, and one that it is not."""
    match scope:
        case Words(words=words):
            plain = str(Words(words))
            return plain, f"{plain} --no-such-option"
        case Below(path=path):
            return str(path), str(path.parent)
        case At(host=host, port=port):
            return str(Site(host, port)), str(Site(f"x{host}" if ":" not in host else "x", port))
        case Values(values=values):
            return dict(values), {}
        case Part(text=text):
            return text, f"{text} and more"


def add_rules(file: Path, rules: list[Rule], tables: list[RuleTable] | None = None) -> RuleFile:
    """Write rules at the end of a file, and read it again. Raises ConfigError; the file is then as it was.

    `tables` are the rules as the person wrote them, with their examples.
    """
    from filelock import FileLock, Timeout

    written = [table.model_dump(exclude_defaults=True) for table in tables] if tables else [*map(table_of, rules)]
    real = Path(os.path.realpath(file))
    try:
        private_folder(real.parent)
        with FileLock(f"{real}.lock", timeout=5, mode=0o600):
            before = read_rules(file)
            if before.mistakes:
                raise ConfigError(f"{before.mistakes[0]}; mend it first, so that nothing is added to what is not read")
            text = before.text.rstrip("\n")
            blocks = "\n".join(tomli_w.dumps({"rule": [table]}) for table in written)
            after = _read(file, f"{text}\n\n{blocks}" if text else blocks, None)
            if after.mistakes:
                raise ConfigError(f"the rule is not written: {after.mistakes[0].what}")
            replace_file(real, after.text)
    except Timeout as exc:
        raise ConfigError(f"{file} is held by another Rookery; try again") from exc
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror}") from exc
    return after


def remove_rule(file: Path, number: int) -> Listed:
    """Take the n-th rule out of a file, from 1, and leave the rest as it stands. Raises ConfigError."""
    from filelock import FileLock, Timeout

    real = Path(os.path.realpath(file))
    try:
        with FileLock(f"{real}.lock", timeout=5, mode=0o600):
            before = read_rules(file)
            if before.mistakes:
                raise ConfigError(f"{before.mistakes[0]}; mend it first")
            if not 1 <= number <= len(before.listed):
                raise ConfigError(f"there is no rule {number}; `rookery rules list` numbers them")
            gone = before.listed[number - 1]
            lines = before.text.split("\n")
            ends = [each.line for each in before.listed[number:]] or [len(lines) + 1]
            after = _read(file, "\n".join([*lines[: gone.line - 1], *lines[ends[0] - 1 :]]), None)
            if after.mistakes or len(after.listed) != len(before.listed) - 1:
                raise ConfigError(f"{file}: rule {number} cannot be taken out by itself; edit the file")
            replace_file(real, after.text)
    except Timeout as exc:
        raise ConfigError(f"{file} is held by another Rookery; try again") from exc
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror}") from exc
    return gone
