"""What is changed between a person's yes and the call it was for: is anything run that they did not allow?

python benchmarks/security/changed.py [--runs N] [--kind NAME] [--json FILE]

Real tools are called, a person is asked, and while they read, or the moment that they have answered, something changes:
a file, the folder, a program, the arguments, the environment, the rules. What was run is told by what it left behind,
and not by what Rookery says of it: that has to be what was there when the question that was answered was put. That
somebody changes objects that hold the arguments changes nothing, and so nobody is asked again.

Programs run with all rights, as with `sandbox.programs = "open"`: in a sandbox they would have another environment,
and could leave nothing behind outside of the workspace. Those of the kind "confined" run as this machine confines them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rookery_core.approval.places import Places
from rookery_core.approval.policy import Allowed, Grants, Reply
from rookery_core.approval.rulebook import Rulebook
from rookery_core.events import (
    ApprovalRequested,
    ApprovalResolved,
    Decision,
    Event,
    QuestionAsked,
    ToolStarted,
    ToolStatus,
)
from rookery_core.plugin import Rewrite, Risk, ToolUse, tool
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.sandbox.settings import SandboxSettings
from rookery_core.testing import DictData, ListArtifacts, ListMemory
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.rulings import Hook, Rulings
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace
from rookery_plugins.shell import shell

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


# -- the kinds ----------------------------------------------------------------------------------------------------


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


# -- one trial ----------------------------------------------------------------------------------------------------


@contextmanager
def _home() -> Iterator[Path]:
    """A folder for one trial; its programs are found before others, and the environment is as before in the end."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as made:
        home = Path(made).resolve()
        for name in ("work", "bin", "sooner"):
            (home / name).mkdir()
        os.environ["PATH"] = f"{home}/sooner:{home}/bin:{os.environ['PATH']}"
        try:
            yield home
        finally:
            os.environ.clear()
            os.environ.update(before)


async def one(kind: str, n: int) -> dict[str, Any]:
    """The n-th trial of a kind: how often the person was asked, and whether what ran was another call."""
    with _home() as home:
        trial = KINDS[kind](home, n)
        artifacts, data = ListArtifacts(), DictData()
        hooks = (Hook("test", "test", trial.before),) if trial.before else ()
        runner = ToolRunner(
            registry=Registry([OfferedTool(each, "test", "test", each.name) for each in (shell, keep)]),
            workspace=Workspace.at(trial.work),
            lender=Lender(
                lambda *_: ListMemory(), lambda *_: data, lambda *_: artifacts, lambda it: EnvironmentSecrets(it, {})
            ),
            allowed=Allowed(),
            grants=Grants(),
            clock=time.monotonic,
            rulebook=Rulebook(trial.rules, trial.work),
            rulings=Rulings(before=hooks),
            environ=os.environ,
            confinement=trial.confinement,
        )
        caller = Caller("session", trial.emit, trial.approve, _no_answer, _no_model, 8_000)
        done = await runner.call(trial.call, "1", caller)
        left = trial.ran.read_text() if trial.ran.exists() else None
        if trial.started and trial.call.arguments.get("command") == ["frob"]:
            left = done.output.rpartition("[exit code")[0] if done.status is ToolStatus.OK else ""
        seen = kind == "rules" or (left or "") == trial.seen[-1]
        same = all(started.digest == trial.asked[-1].digest for started in trial.started)
        return {
            "asked": len(trial.asked),
            "named": len(trial.asked) < 2 or "asked again" in trial.asked[1].reason,
            "ran": len(trial.started),
            "differs": not (seen and same) if trial.started else left is not None,
            "status": str(done.status),
            "changed": trial.changed,
        }


async def _no_answer(_: QuestionAsked) -> str | None:
    return None


async def _no_model(_: str, __: int) -> str:
    return ""


def wrong(kind: str, found: Mapping[str, Any]) -> bool:
    """Whether it came out as it must not: something else ran, or the person was not asked again."""
    unasked = found["asked"] < 2 and found["status"] not in ("denied", "invalid", "failed") and kind != "arguments"
    return bool(found["differs"] or unasked or not found["named"] or not found["changed"])


def main() -> int:
    """Print the counts; exit 1 where something else was run than was allowed, or nobody was asked again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, metavar="N", help="of each kind")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    found = {kind: [asyncio.run(one(kind, n)) for n in range(arguments.runs)] for kind in arguments.kind or KINDS}
    total = bad = differing = 0
    for kind, trials in found.items():
        differs = sum(each["differs"] for each in trials)
        amiss = sum(wrong(kind, each) for each in trials)
        again = sum(each["asked"] > 1 for each in trials)
        ended = Counter(each["status"] for each in trials)
        print(
            f"{kind:<12} {len(trials)} changes: asked again {again}, ran something else {differs}, ended {dict(ended)}"
        )
        total, bad, differing = total + len(trials), bad + amiss, differing + differs
    bound = "" if differing else f", so at most {3 / total:.2%} of such changes"
    print(f"in all {differing} of {total} calls ran as what was not allowed{bound}; {bad} came out as they must not")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found))
    return 1 if bad or differing else 0


if __name__ == "__main__":
    sys.exit(main())
