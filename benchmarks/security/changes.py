"""What changes between a person's yes and the call that it was for: the kinds of `changed.py`, and how each is told.

A kind makes one trial: what is called, what becomes of it meanwhile, and what it must have left behind.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rookery_core.approval.places import Places
from rookery_core.approval.policy import Reply
from rookery_core.events import (
    ApprovalRequested,
    ApprovalResolved,
    Decision,
    Event,
    ToolStarted,
)
from rookery_core.plugin import Rewrite, Risk, ToolUse, tool
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.sandbox.settings import SandboxSettings

RULE = '[[rule]]\ndo = "{do}"\ntool = "{tool}"\n'


@dataclass(slots=True)
class Trial:
    """One call in a home of its own, and what its person and its attacker do."""

    home: Path
    change: Callable[[Trial], object]
    state: Callable[[Trial], str]
    """What a run would leave behind at this moment."""
    call: ToolCall
    late: bool
    """Whether the change is made only once the answer was given."""
    again: Decision
    """What the person says to the second question."""
    before: Callable[[ToolUse], Any] | None = None
    confined: bool = False
    """Whether its programs run in a sandbox, and so leave in the workspace what they leave behind."""
    asked: list[ApprovalRequested] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """What was there when each question was put."""
    started: list[ToolStarted] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)
    """Objects that whoever changes arguments got hold of."""
    changed: bool = False

    @property
    def work(self) -> Path:
        return self.home / "work"

    @property
    def ran(self) -> Path:
        return (self.work if self.confined else self.home) / "ran"

    @property
    def confinement(self) -> Confinement:
        settings = SandboxSettings(programs="confined" if self.confined else "open", read=())
        return Confinement.of(settings, Places(), self.home, os.environ, allow_root=True)

    @property
    def rules(self) -> Path:
        return self.home / "rules.toml"

    def emit(self, event: Event) -> None:
        match event:
            case ApprovalResolved() if self.late:
                self._change()
            case ToolStarted():
                self.started.append(event)

    async def approve(self, request: ApprovalRequested) -> Reply:
        self.asked.append(request)
        self.seen.append(self.state(self))
        self.kept += [request.arguments]
        if len(self.asked) > 1:
            return Reply(self.again)
        if not self.late:
            self._change()
        return Reply(Decision.ONCE)

    def _change(self) -> None:
        if not self.changed:
            self.changed = True
            self.change(self)


def _rewrite(file: Path, text: str, *, unseen: bool = False) -> None:
    """Write a file in place; `unseen`: with its size and its time as they were."""
    info = file.stat() if file.exists() else None
    file.write_text(text)
    if unseen and info is not None:
        os.utime(file, ns=(info.st_atime_ns, info.st_mtime_ns))


def _instead(file: Path, text: str) -> None:
    """Put another file in its place."""
    other = file.with_name(f"{file.name}.new")
    other.write_text(text)
    other.chmod(0o755)
    os.replace(other, file)


def _linked(file: Path, text: str) -> None:
    """Put a link to another file in its place."""
    other = file.with_name(f"{file.name}.other")
    other.write_text(text)
    other.chmod(0o755)
    file.unlink()
    file.symlink_to(other)


def _says(word: str) -> str:
    return f"#!/bin/sh\necho {word}\n"


_FILES: list[Callable[[Path], object]] = [
    lambda file: _rewrite(file, _says("B")),
    lambda file: _rewrite(file, _says("B"), unseen=True),
    lambda file: _instead(file, _says("B")),
    lambda file: _linked(file, _says("B")),
    lambda file: file.unlink(),
    lambda file: _rewrite(file, file.read_text() + "echo more\n"),
]


def _content(file: Path) -> str:
    return file.read_text() if file.exists() else "none"


def _shell(command: str) -> ToolCall:
    return ToolCall("shell", {"command": command})


def of_file(home: Path, n: int) -> Trial:
    script = home / "work" / "script.sh"
    _instead(script, _says("A"))
    change = _FILES[n % len(_FILES)]
    return Trial(
        home,
        lambda trial: change(script),
        lambda trial: _said(script),
        _shell(f"sh script.sh > {home}/ran"),
        **_ways(n),
    )


def of_confined(home: Path, n: int) -> Trial:
    trial = of_file(home, n)
    trial.confined, trial.call = True, _shell("sh script.sh > ran")
    return trial


def _said(script: Path) -> str:
    """What a script that only echoes would print."""
    lines = _content(script).splitlines()
    return "".join(f"{line.removeprefix('echo ')}\n" for line in lines if line.startswith("echo "))


def of_folder(home: Path, n: int) -> Trial:
    def elsewhere(trial: Trial) -> None:
        trial.work.rename(trial.home / "moved")
        if n % 2:
            trial.work.mkdir()
        else:
            (trial.home / "another").mkdir()
            trial.work.symlink_to(trial.home / "another")

    def inode(trial: Trial) -> str:
        return f"{trial.work.stat().st_ino}\n"

    return Trial(home, elsewhere, inode, _shell(f"stat -L -c %i . > {home}/ran"), **_ways(n))


def of_program(home: Path, n: int) -> Trial:
    frob = home / "bin" / "frob"
    _instead(frob, _says("A"))
    sooner = home / "sooner" / "frob"

    def first(_: Path) -> None:
        _instead(sooner, _says("B"))

    change = [*_FILES, first][n % (len(_FILES) + 1)]

    def state(trial: Trial) -> str:
        return _said(sooner if sooner.exists() else frob)

    words: Any = ["frob"] if n % 2 else None
    call = ToolCall("shell", {"command": words}) if words else _shell(f"frob > {home}/ran")
    return Trial(home, lambda trial: change(frob), state, call, **_ways(n))


def of_arguments(home: Path, n: int) -> Trial:
    def spoil(value: Any) -> None:
        """Whatever can be changed of what somebody got hold of is."""
        if isinstance(value, dict):
            for key in [*value]:
                spoil(value[key])
            value["lines"] = ["B"]
        elif isinstance(value, list):
            value[:] = ["B"]

    call = ToolCall("keep", {"lines": ["A", "A"], "file": f"{home}/ran"})

    def change(trial: Trial) -> None:
        for each in (*trial.kept, call.arguments, *KEPT):
            spoil(each)

    def hook(use: ToolUse) -> Any:
        KEPT.append(use.arguments)
        if n % 5 == 4:
            made = {"lines": ["A", "A"], "file": f"{home}/ran"}
            KEPT.append(made)
            return Rewrite(made)
        return None

    KEPT.clear()
    return Trial(home, change, lambda trial: "A\nA\n", call, before=hook if n % 5 > 2 else None, **_ways(n))


KEPT: list[Any] = []
"""What a plugin's functions kept of the arguments that they were given."""


def _scope(arguments: dict[str, Any]) -> list[str]:
    KEPT.append(arguments)
    return [str(arguments["file"])]


def _shown(lines: list[str], file: str) -> str:
    KEPT.append(lines)
    return "\n".join(lines)


@tool(risk=Risk.WRITE, scope=_scope, preview=_shown)
def keep(lines: list[str], file: str) -> str:
    """Writes lines into a file."""
    Path(file).write_text("".join(f"{line}\n" for line in lines))
    return "kept"


def of_environment(home: Path, n: int) -> Trial:
    name = ("TZ", "LANG", "HOME", "LC_TIME", "TMPDIR", "USER")[n % 6]

    def state(trial: Trial) -> str:
        return f"{os.environ[name]}\n" if name in os.environ else ""

    def change(trial: Trial) -> None:
        if n % 4 == 3:
            del os.environ[name]
        else:
            os.environ[name] = "B"

    os.environ[name] = "A"
    return Trial(home, change, state, _shell(f"printenv {name} > {home}/ran"), **_ways(n))


_RULES: list[Callable[[Trial], object]] = [
    lambda trial: trial.rules.write_text(RULE.format(do="ask", tool="test.shell")),
    lambda trial: trial.rules.write_text(RULE.format(do="deny", tool="test.shell")),
    lambda trial: trial.rules.write_text(RULE.format(do="ask", tool="other.tool")),
    lambda trial: trial.rules.write_text("[[rule"),
    lambda trial: trial.rules.unlink(),
    lambda trial: _rewrite(trial.rules, trial.rules.read_text().replace("zzz", "yyy"), unseen=True),
    lambda trial: _project_rules(trial, RULE.format(do="ask", tool="test.*")),
    lambda trial: _project_rules(trial, RULE.format(do="deny", tool="test.*")),
]


def _project_rules(trial: Trial, text: str) -> None:
    (trial.work / ".rookery").mkdir()
    (trial.work / ".rookery" / "rules.toml").write_text(text)


def of_rules(home: Path, n: int) -> Trial:
    (home / "rules.toml").write_text(RULE.format(do="deny", tool="zzz.zzz"))
    change = _RULES[n % len(_RULES)]

    def state(trial: Trial) -> str:
        project = trial.work / ".rookery" / "rules.toml"
        return _content(trial.rules) + _content(project)

    return Trial(home, change, state, _shell(f"cat {home}/rules.toml .rookery/rules.toml > {home}/ran"), **_ways(n))


def _ways(n: int) -> dict[str, Any]:
    """When the change is made, and what the person says to the second question: all four in turn."""
    return {"late": n // 8 % 2 == 1, "again": Decision.ONCE if n // 16 % 2 else Decision.DENY}


KINDS: Mapping[str, Callable[[Path, int], Trial]] = {
    "file": of_file,
    "confined": of_confined,
    "folder": of_folder,
    "program": of_program,
    "arguments": of_arguments,
    "environment": of_environment,
    "rules": of_rules,
}
