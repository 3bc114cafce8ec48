"""A rule as it is written in a file: what it may say, and the examples that are tried whenever it is read."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from rookery_core.approval.levels import Level
from rookery_core.approval.rules import MORE, At, Below, Do, Part, Rule, Scope, Values, Words
from rookery_core.approval.shell_text import ALSO_START, script_of
from rookery_core.approval.subject import Site, site_of
from rookery_core.errors import ConfigError
from rookery_core.text import one_line

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


class BadRule(ConfigError):
    """A rule is wrong; the key that it is about, or ""."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


def explain(error: Mapping[str, Any]) -> str:
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
            raise BadRule("do", "a project's own rules may ask and deny, and allow nothing: that is for your own rules")
        table = table.model_copy(update={"workspace": str(tightening)})
    if not (_NAME if do is Do.ALLOW else _PATTERN).fullmatch(table.tool):
        hint = "" if do is Do.ALLOW else ", or a pattern of one"
        raise BadRule("tool", f"tool must be a full name such as shell.shell{hint}; `rookery tools list` shows them")
    said = [name for name in SCOPES if getattr(table, name) is not None]
    if len(said) > 1:
        raise BadRule(said[1], f"a rule is about one of {', '.join(SCOPES)}; write two rules for {' and '.join(said)}")
    if table.workspace and not os.path.isabs(table.workspace):
        raise BadRule("workspace", "workspace must be the whole path of a folder")
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
            raise BadRule("arguments", "arguments names no argument; leave it out to mean all calls of the tool")
        return Values(table.arguments)
    return None if table.part is None else Part(table.part)


def _words(argv: list[str], do: Do) -> Words:
    more = argv[-1:] == [MORE]
    words = tuple(argv[:-1] if more else argv)
    if not words or not words[0]:
        raise BadRule("argv", 'argv must begin with a program, such as ["git", "log", "..."]')
    if do is Do.ALLOW and more and len(words) == 1 and os.path.basename(words[0]) in ALSO_START:
        raise BadRule(
            "argv", f'{words[0]} runs whatever it is told to: name what it may run, as in ["{words[0]}", "x"]'
        )
    if do is not Do.ALLOW and os.path.basename(words[0]) != words[0]:
        raise BadRule(
            "argv", f"what asks or denies is about a program wherever it lies: write {os.path.basename(words[0])}"
        )
    return Words(words, more)


def _path(text: str, workspace: str, key: str) -> Path:
    whole = os.path.expanduser(text)
    if not text or "\0" in text or not (os.path.isabs(whole) or workspace):
        raise BadRule(key, f"{key} must be a whole path, or the rule has to name the workspace it is in")
    return Path(os.path.realpath(os.path.join(workspace, whole)))


def _at(text: str, do: Do) -> At:
    wild = text.startswith("*.")
    if wild and do is Do.ALLOW:
        raise BadRule("url", "a rule that allows names one host, without *")
    host = text.partition("://")[2] or text
    if set(host) & set("/?#@ ") and host.rstrip("/").count("/"):
        raise BadRule("url", "url is a host and a port, without a path: https://docs.python.org, or localhost:8080")
    site = site_of((text[2:] if wild else text).rstrip("/"))
    if site is None or "@" in text:
        raise BadRule("url", "url must be a host, such as https://docs.python.org or localhost:8080")
    ported = "://" in text or re.search(r":\d+/?$", text) is not None
    return At(f"*.{site.host}" if wild else site.host, site.port if ported or do is Do.ALLOW else 0)


# -- examples ---------------------------------------------------------------------------------------------------------


def check_examples(rule: Rule, table: RuleTable) -> None:
    """Try the examples. Raises BadRule for one that comes out otherwise, and for a rule that allows and has none."""
    if rule.scope is None:
        if table.matches or table.rejects:
            raise BadRule("matches" if table.matches else "rejects", "a rule for all calls of a tool has no examples")
        return
    if rule.do is Do.ALLOW and not (table.matches and table.rejects):
        missing = "rejects" if table.matches else "matches"
        raise BadRule("", f"a rule that allows needs examples: {missing} = [...] is missing")
    for key, wanted in (("matches", True), ("rejects", False)):
        for example in getattr(table, key):
            if _fits(rule, example, key) is not wanted:
                told = one_line(str(example), 80)
                raise BadRule(key, f"the rule is {'not ' if wanted else ''}about {told}, which stands in {key}")


def _fits(rule: Rule, example: Example, key: str) -> bool:
    if isinstance(example, dict) is not isinstance(rule.scope, Values):
        kind = "a table of arguments" if isinstance(rule.scope, Values) else "a text"
        raise BadRule(key, f"an example of this rule must be {kind}")
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
