"""Where no person answers: is anything ever allowed? The real program, in every way that has no one at a terminal.

python benchmarks/security/unattended.py [--trials N] [--way NAME] [--json FILE]

A model of the benchmark's own asks for commands and files each time; input is closed, empty, a pipe that says yes in
many ways and without end, a text for the task, or a terminal where everything was typed or pasted before the question
was there. What ran leaves a mark, so it is not Rookery's word that counts; its own count of the answers has to agree.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.security.pseudo_terminal import Terminal

PLUGIN = """
from rookery_core.plugin import hookimpl
from rookery_core.testing import ScriptedModel

rookery_contract = 1
CALLS = (
    'shell\\nInput: {"command": "touch MARK"}',
    'write_file\\nInput: {"path": "MARK", "content": "x"}',
    'python\\nInput: {"code": "open(\\'MARK\\', \\'w\\')"}',
)


def lines(first):
    n = first
    while True:
        yield f"Thought: so\\nAction: {CALLS[n % len(CALLS)]}"
        yield "Thought: so\\nAnswer: done"
        n += 1


@hookimpl
def rookery_model_backends():
    return {"wilful": lambda name: ScriptedModel(lines(int(name)), name=f"wilful:{name}")}
"""
YES = ("y", "yes", "Y", "s", "a", "y\n\n", "1", "allow", "once", "\x1b[A\n", "y\x00", "/allow")
"""What may be taken for a yes."""
PATIENCE_S = 120.0
DIRECT = ("shell", '{"command": "touch MARK"}')


def rookery(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "import sys; from rookery_tui.cli import main; sys.exit(main())", *arguments]


class House:
    """A home with the wilful model, and a workspace."""

    def __init__(self, folder: Path, plugin: str = PLUGIN) -> None:
        self.work = folder / "work"
        self.work.mkdir()
        site = folder / "site"
        about = site / "rookery_wilful-1.0.dist-info"
        about.mkdir(parents=True)
        (site / "rookery_wilful.py").write_text(plugin)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: rookery-wilful\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text("[rookery]\nwilful = rookery_wilful\n")
        (about / "RECORD").write_text("rookery_wilful.py,,\n")
        self.environment = {
            **os.environ,
            "ROOKERY_HOME": str(folder / "home"),
            "PYTHONPATH": os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        enabled = self.run(rookery("plugins", "enable", "wilful", "--in-process", "--yes"), "")
        if enabled.returncode:
            raise RuntimeError(f"the model cannot be enabled: {enabled.stderr}")
        trusted = self.run(rookery("trust", "add"), "")  # else there would be no tool to ask about
        if trusted.returncode:
            raise RuntimeError(f"the workspace cannot be trusted: {trusted.stderr}")

    def run(self, command: Sequence[str], given: str | None, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run it with this input; None: none at all."""
        how: dict[str, Any] = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.work, env=self.environment,
            timeout=PATIENCE_S, **how, **options,
        )  # fmt: skip

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        return self.run(["/bin/sh", "-c", line], None)

    def taken(self) -> bool:
        """Whether something ran; its mark is gone then."""
        there = (self.work / "MARK").exists()
        (self.work / "MARK").unlink(missing_ok=True)
        return there

    def control(self) -> bool:
        """Whether a call that was allowed beforehand can be told from one that was not."""
        self.run(_run(0, "--allow", "execute"), "")
        return self.taken()

    def outcomes(self) -> dict[str, int]:
        """What Rookery itself counted."""
        told = self.run(rookery("stats", "--json"), None)
        counted: dict[str, int] = json.loads(told.stdout)["all"]["outcomes"]
        return counted


def _quoted(command: Sequence[str]) -> str:
    return shlex.join(command)


def _run(n: int, *more: str) -> list[str]:
    return rookery("run", "do it", "--model", f"wilful:{n}", *more)


def _chat(n: int, *more: str) -> list[str]:
    return rookery("chat", "--model", f"wilful:{n}", *more)


def _typed(house: House, command: Sequence[str], keys: str, until: str, term: str, at: str = "") -> None:
    """Everything is typed before the question is there, once `at` is; then nothing more, and the terminal is gone."""
    terminal = Terminal(["env", f"TERM={term}", *command], house.environment, house.work)
    try:
        terminal.wait_for(at)
        terminal.type(keys.encode())
        terminal.wait_for(until)
        for _ in range(20):
            terminal.read()
    finally:
        terminal.close()


Way = Callable[[House, int], object]
WAYS: Mapping[str, Way] = {
    "run, input closed": lambda house, n: house.shell(f"{_quoted(_run(n))} <&-"),
    "run, no input": lambda house, n: house.run(_run(n), None),
    "run, yes |": lambda house, n: house.shell(f"yes | {_quoted(_run(n))}"),
    "run, yes as a text": lambda house, n: house.run(_run(n, "--stdin"), f"{YES[n % len(YES)]}\n" * 50),
    "run, task and yes": lambda house, n: house.run(
        rookery("run", "-", "--model", f"wilful:{n}"), f"do it\n{YES[n % len(YES)]}\n"
    ),
    "run, no terminal at all": lambda house, n: house.run(_run(n, "--output", "jsonl"), None, start_new_session=True),
    "run, as cron": lambda house, n: house.shell(
        f"setsid env -i PATH=/usr/bin:/bin HOME={house.work} ROOKERY_HOME={house.environment['ROOKERY_HOME']} "
        f"PYTHONPATH={house.environment['PYTHONPATH']} {_quoted(_run(n))} >log 2>&1 </dev/null"
    ),
    "chat, input closed": lambda house, n: house.shell(f"{_quoted(_chat(n))} <&-"),
    "chat, a message and yes": lambda house, n: house.run(_chat(n), f"do it\n{YES[n % len(YES)]}\n" * 2),
    "chat, yes |": lambda house, n: house.shell(f"yes | head -5 | {_quoted(_chat(n, '--repl'))}"),
    "tools call, input closed": lambda house, n: house.shell(f"{_quoted(rookery('tools', 'call', *DIRECT))} <&-"),
    "tools call, yes |": lambda house, n: house.shell(f"yes | {_quoted(rookery('tools', 'call', *DIRECT))}"),
    "tools call, lines": lambda house, n: house.run(rookery("tools", "call", *DIRECT), f"{YES[n % len(YES)]}\n" * 9),
    "chat at a terminal into a file": lambda house, n: _typed(
        house, ["/bin/sh", "-c", f"{_quoted(_chat(n))} > out; echo ENDED"], "do it\ny\ny\n\x04", "ENDED", "xterm"
    ),
    "typed ahead of a plain prompt": lambda house, n: _typed(house, _chat(n), "do it\ny\ny\ny\n", "Allow it?", "dumb"),
    "pasted at a prompt": lambda house, n: _typed(
        house,
        _chat(n, "--repl"),
        f"\x1b[200~do it\n{YES[n % 6]}\ny\n\x1b[201~\ry\ry\r",
        "Allow it?",
        "xterm",
        at="\x1b[?2004h",
    ),
    "typed ahead of run": lambda house, n: _typed(house, _run(n), "y\ny\ny\n", "Allow it?", "dumb"),
}


def main() -> int:
    """Print the counts; exit 1 where anything was allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200, metavar="N", help="in all")
    parser.add_argument("--way", choices=WAYS, action="append")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    ways = arguments.way or [*WAYS]
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder).resolve())
        if not house.control():
            print("a call that was allowed beforehand leaves no mark: nothing can be counted", file=sys.stderr)
            return 2
        found = {way: [0, 0] for way in ways}
        slow = 0
        for n in range(arguments.trials):
            way = ways[n % len(ways)]
            try:
                WAYS[way](house, n)
            except (TimeoutError, subprocess.TimeoutExpired):
                slow += 1
            found[way][0] += 1
            found[way][1] += house.taken()
            print(f"\r{n + 1}", end="", file=sys.stderr, flush=True)
        outcomes = house.outcomes()
    print(f"\r{slow} did not end in time", file=sys.stderr)
    for way, (times, allowed) in found.items():
        print(f"{way:<32} {allowed} of {times} allowed")
    allowed = sum(each for _, each in found.values())
    said_yes = sum(outcomes[each] for each in ("once", "session", "always", "edited"))
    bound = "" if allowed else f", so at most {3 / arguments.trials:.2%}"
    print(f"in all {allowed} of {arguments.trials} allowed{bound}; Rookery counted {outcomes}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"ways": found, "outcomes": outcomes}))
    return 1 if allowed or said_yes else 0


if __name__ == "__main__":
    sys.exit(main())
