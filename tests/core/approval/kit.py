"""What tests of approval judge calls with: real tools, a real folder, and rules as the person writes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rookery_core.approval.judging import Judged, judge
from rookery_core.approval.places import Places
from rookery_core.approval.policy import Allowed, Grants
from rookery_core.approval.rule_table import RuleTable
from rookery_core.approval.rule_writing import block_of
from rookery_core.approval.rulebook import Rulebook
from rookery_core.approval.rules import Do, Rule
from rookery_core.approval.subject import subject_of
from rookery_core.paths import Paths
from rookery_core.plugin import Risk, RiskRule, Tool, WorkspaceEntry, WorkspacePath, tool
from rookery_core.sandbox.level import Reach
from rookery_core.tools.registry import OfferedTool
from rookery_core.tools.running import Fitted, jsonable, scopes
from rookery_core.workspace import Workspace


@tool(risk=Risk.EXECUTE, scope=lambda given: [str(given["command"])], command="command")
def shell(command: str | list[str]) -> str:
    """Runs a command."""
    return str(command)


@tool(risk=Risk.EXECUTE, scope=lambda given: [given["code"]])
def python(code: str) -> str:
    """Runs code."""
    return code


@tool(risk=Risk.READ)
def read(path: WorkspacePath) -> str:
    """Reads."""
    return str(path)


@tool(risk=Risk.WRITE, scope=lambda given: [str(given["path"])])
def write(path: WorkspacePath, text: str = "") -> str:
    """Writes."""
    return text


@tool(risk=Risk.WRITE, scope=lambda given: [str(given["path"])])
def delete(path: WorkspaceEntry) -> str:
    """Deletes."""
    return str(path)


@tool(risk=Risk.READ)
def foreign(path: str) -> str:
    """Reads what it is told to; it does not say that it is a path."""
    return path


@tool(risk=Risk.NETWORK, scope=lambda given: [given["url"].split("/")[2] + ":443"], sites=True)
def fetch(url: str) -> str:
    """Fetches."""
    return url


@tool(risk=Risk.PURE)
def reckon(text: str) -> str:
    """Reckons."""
    return text


class Desk:
    """A home with a workspace in it, and the rules of its person."""

    def __init__(self, home: Path) -> None:
        self.home = Path(os.path.realpath(home))
        self.root = self.home / "work"
        self.root.mkdir(exist_ok=True)
        self.paths = Paths(self.home / ".config/rookery", self.home / ".data", self.home / ".logs")
        self.places = Places.of(self.paths, self.home, self.home / "venv")
        self.rulebook = Rulebook(self.paths.rules, self.root)
        self.grants = Grants()

    def judge(
        self,
        called: Tool,
        *,
        risk_rules: Iterable[RiskRule] = (),
        allowed: Allowed | None = None,
        root: Path | None = None,
        kept: bool = False,
        least: Reach = Reach.READS,
        also: bool = False,
        **given: Any,
    ) -> Judged:
        """A call of a tool, judged as in a conversation."""
        workspace = Workspace.at(root or self.root)
        values = called.validate(given, workspace)
        fitted = Fitted(values, jsonable(values), scopes(called, values))
        offered = OfferedTool(called, "kit", "kit-dist", called.name)
        subject = subject_of(offered, fitted, workspace.root, self.places)
        rules = self.rulebook, self.grants, allowed or Allowed()
        return judge(subject, risk_rules, *rules, self.places, kept=kept, least=least, also=also)

    def becomes(self, called: Tool, **given: Any) -> Do:
        return self.judge(called, **given).verdict.do

    def level(self, called: Tool, **given: Any) -> str:
        return str(self.judge(called, **given).assessed.level)

    def write_rules(self, text: str) -> None:
        """What the person wrote."""
        self.paths.rules.parent.mkdir(parents=True, exist_ok=True)
        self.paths.rules.write_text(text)

    def rules(self, *tables: Mapping[str, Any]) -> None:
        """The person's rules, each a table of its own."""
        self.write_rules("\n".join(block_of(RuleTable.model_validate(table)) for table in tables))


def allow(tool_name: str, **said: Any) -> dict[str, Any]:
    return {"do": "allow", "tool": f"kit.{tool_name}", **said}


def words(command: str, yes: str, no: str = "touch no") -> dict[str, Any]:
    """A rule that allows a command of the shell."""
    return allow("shell", argv=command.split(), matches=[yes], rejects=[no])


def of(rule: Rule) -> str:
    return str(rule)
