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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rookery_core.approval.policy import Allowed, Grants
from rookery_core.approval.rulebook import Rulebook
from rookery_core.events import (
    QuestionAsked,
    ToolStatus,
)
from rookery_core.testing import DictData, ListArtifacts, ListMemory
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.rulings import Hook, Rulings
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace
from rookery_plugins.shell import shell

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.security.changes import KINDS, keep


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
