"""How much is asked of a person whose assistant runs commands as people write them, at L3: judged, and really run.

python benchmarks/security/asking.py --data DIR [--suite NAME] [--run N] [--mode MODE] [--seed N] [--show N]

DIR holds nl2bash-even.txt (nl2bash, MIT). Judged are all of its lines, in each mode, singly and ten after each other in
one session. Run are N of them, each in a workspace of its own, which holds what the line names, as the tool `shell`
runs them, with a limit of 2 s. The person lets it write and never lets it out. What a line really changes is known by
running it once more where it may write: so it is counted who asked for nothing, and who should have asked.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.security.commands import bound

from rookery_core.approval.judging import judge
from rookery_core.approval.places import Places
from rookery_core.approval.policy import Allowed, Grants, Reply, no_answer
from rookery_core.approval.rulebook import Rulebook
from rookery_core.approval.rules import Do
from rookery_core.approval.shell_text import parse
from rookery_core.approval.subject import subject_of
from rookery_core.events import ApprovalRequested, Decision, Event, Mode, ToolFinished, ToolStatus
from rookery_core.paths import Paths
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.level import Level, Reach
from rookery_core.sandbox.sandbox import CallSandbox, Confinement
from rookery_core.sandbox.settings import SandboxSettings
from rookery_core.testing import DictData, ListArtifacts, ListMemory
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.loader import OWN_DISTRIBUTION
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.tools.running import Fitted
from rookery_core.workspace import Workspace
from rookery_plugins.shell import shell, shell_tool

TEN = 10
LIMIT_S = 2.0
LINES = "".join(f"{n} some words, a number {n * 37} and a name\n" for n in range(20))
FOLDERS = frozenset(("cd", "find", "ls", "du", "pushd", "rsync", "tree"))
"""What these are given is a folder."""


def places() -> Places:
    home = Path.home()
    return Places.of(Paths(home / ".config/rookery", home / ".rookery", home / ".logs"), home, Path(sys.prefix))


# -- judged -----------------------------------------------------------------------------------------------------------


def judged(lines: list[str], seed: int) -> dict[Mode, float]:
    """What becomes of each line in each mode; prints it. The share that starts without a question, singly."""
    offered, there = OfferedTool(shell, "shell", OWN_DISTRIBUTION, "shell"), places()
    shares = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(os.path.realpath(folder))
        fitted = [Fitted({"command": line}, {"command": line}, (line,)) for line in lines]
        about = [subject_of(offered, each, root, there) for each in fitted]
        for mode in Mode:
            grants = Grants(mode=mode)
            verdicts = [judge(each, (), Rulebook(), grants, Allowed(), there, kept=True) for each in about]
            count = Counter((each.verdict.do, each.reach) for each in verdicts)
            free = [each.verdict.do is Do.ALLOW for each in verdicts]
            ten = _tens(free, seed)
            shares[mode] = sum(free) / len(free)
            print(
                f"judged, {mode}: {sum(free)} of {len(free)} ({shares[mode]:.1%}) start without a question "
                f"({count[Do.ALLOW, Reach.READS]} to read, {count[Do.ALLOW, Reach.WRITES]} to write, "
                f"{bound(count[Do.ALLOW, Reach.OUTSIDE], len(free))} outside); "
                f"{sum(n for (do, _), n in count.items() if do is Do.DENY)} are refused; "
                f"of {len(ten)} times ten {sum(map(all, ten))} ({sum(map(all, ten)) / len(ten):.1%}) in whole"
            )
    return shares


def _tens(each: list[bool], seed: int) -> list[list[bool]]:
    mixed = random.Random(seed).sample(each, len(each))
    return [mixed[n : n + TEN] for n in range(0, len(mixed) - TEN + 1, TEN)]


# -- run --------------------------------------------------------------------------------------------------------------


class Counting(Confinement):
    """The machine's sandbox, which counts who leaves it."""

    outside = 0

    def at(self, root: Path, *, asked: bool, reach: Reach = Reach.WRITES) -> CallSandbox:
        made = super().at(root, asked=asked, reach=reach)
        self.outside += made.reach is Reach.OUTSIDE
        return made


@dataclass
class Ran:
    """What came of one line."""

    line: str
    asked: tuple[str, ...]
    """The levels of the questions."""
    status: ToolStatus
    changed: bool
    """Whether it changed its workspace."""
    seconds: float
    said: str


async def carried_out(line: str, folder: Path, mode: Mode, here: Counting) -> Ran:
    """One line as the model calls it, in a session of its own."""
    _fill(folder, line)
    before = _looks(folder)
    tool, asked, events = shell_tool(LIMIT_S), list[str](), list[Event]()
    data, artifacts = DictData(), ListArtifacts()

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request.level)
        return Reply(Decision.ONCE if request.level == "R2" else Decision.DENY)

    async def no_model(*_: object) -> str:
        raise AssertionError

    runner = ToolRunner(
        registry=Registry([OfferedTool(tool, "shell", OWN_DISTRIBUTION, "shell")]),
        workspace=Workspace.at(folder),
        lender=Lender(
            lambda *_: ListMemory(), lambda *_: data, lambda *_: artifacts, lambda name: EnvironmentSecrets(name, {})
        ),
        allowed=Allowed(),
        grants=Grants(mode=mode),
        clock=time.monotonic,
        places=places(),
        confinement=here,
        confined=lambda each, reach: here.fact(each, folder, reach)[1],
        environ=os.environ,
    )
    begun = time.perf_counter()
    caller = Caller("s", events.append, approve, no_answer, no_model, 4_000)
    finished: ToolFinished = await runner.call(ToolCall("shell", {"command": line}), "1.1", caller)
    took = time.perf_counter() - begun
    return Ran(line, tuple(asked), finished.status, _looks(folder) != before, took, finished.output)


def _fill(folder: Path, line: str) -> None:
    """What there is in many a folder, and the files and folders that a line names."""
    names = [
        "file.txt",
        "file1",
        "notes.md",
        "data.csv",
        "access.log",
        "src/main.c",
        "src/util.c",
        "photo.jpg",
        "a/b/c.txt",
    ]
    for command in parse(line).commands:
        is_folder = bool(command.words) and command.words[0] in FOLDERS
        for word in (*command.words[1:], *command.reads):
            name = word.removeprefix("./")
            if all(part.strip(".") and part[0] not in "-+" for part in name.rstrip("/").split("/")) and _is_plain(name):
                names.append(f"{name.rstrip('/')}/inside.txt" if is_folder or name.endswith("/") else name)
    for name in names:
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_text(LINES)
        except OSError:
            continue  # it names the same as a file and as a folder


def _is_plain(name: str) -> bool:
    return len(name) < 60 and any(map(str.isalpha, name)) and all(each.isalnum() or each in "._/-" for each in name)


def _looks(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Everything in a folder, as it is."""
    found = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        text = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        times = 0 if path.is_dir() else about.st_mtime_ns
        found[str(path)] = (about.st_mode, times, hashlib.sha256(text).hexdigest())
    return found


def run(lines: list[str], mode: Mode) -> list[tuple[Ran, Ran]]:
    """Each line in the mode, and once more where it may write: that tells what it really changes."""
    here = Counting.of(SandboxSettings(), places(), Path.home(), os.environ, allow_root=True)  # root is asked, too
    assert isinstance(here, Counting)
    if here.level is not Level.L3:
        raise SystemExit(f"this machine has no whole sandbox: {'; '.join(here.found.why_not_higher)}")
    results = []
    for line in lines:
        pair = []
        for how in (mode, Mode.ACCEPT_EDITS):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                pair.append(asyncio.run(carried_out(line, Path(os.path.realpath(folder)), how, here)))
        results.append((pair[0], pair[1]))
    print(f"run: {bound(here.outside, len(results))} ran outside of the sandbox")
    return results


def counted(results: list[tuple[Ran, Ran]], mode: Mode, seed: int, show: int) -> None:
    """Print what came of it."""
    n = len(results)
    ran = [first for first, _ in results]
    quiet = [not each.asked for each in ran]
    ten = _tens(quiet, seed)
    denied = sum(each.status is ToolStatus.DENIED for each in ran)
    print(f"run, {mode}: {sum(quiet)} of {n} ({sum(quiet) / n:.1%}) without a question, {denied} of them refused")
    print(f"run, {mode}: of {len(ten)} times ten {sum(map(all, ten))} ({sum(map(all, ten)) / len(ten):.1%}) in whole; "
          f"{sum(len(each.asked) for each in ran) / len(ten):.1f} questions in ten")  # fmt: skip
    for asked, count in sorted(Counter(each.asked for each in ran if each.asked).items()):
        print(f"  asked about {' then '.join(asked)}: {count}")
    well = sum("[exit code 0" in each.said for each in ran if not each.asked)
    print(f"  of those without a question {well} end with exit code 0")
    states = Counter(str(each.status) for each in ran)
    print(f"  {', '.join(f'{count} {state}' for state, count in sorted(states.items()))}")
    wanting = [(first, second) for first, second in results if second.changed]
    missed = [first for first, _ in wanting if not first.asked and not first.changed]
    false = [first for first, second in results if "R2" in first.asked and not second.changed]
    print(f"  {len(wanting)} change their workspace where they may; {bound(len(missed), len(wanting))} of them "
          f"were not asked about and changed nothing")  # fmt: skip
    print(f"  {bound(len(false), n)} were asked about writing and change nothing where they may")
    took = sorted(each.seconds for each in ran)
    print(f"  seconds: median {took[n // 2]:.2f}, p95 {took[n * 95 // 100]:.2f}")
    for name, some in (("missed", missed), ("asked in vain", false)):
        for each in some[:show]:
            print(f"    {name}: {each.line!r} {each.status} {each.said[-150:]!r}")


def sampled(lines: Iterable[str], n: int, seed: int) -> list[str]:
    """Lines by chance, the same at each start."""
    every = [line for line in lines if line.strip()]
    return random.Random(seed).sample(every, min(n, len(every)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of nl2bash-even.txt")
    parser.add_argument("--suite", choices=("judged", "run"))
    parser.add_argument("--run", type=int, default=200, metavar="N", help="really run so many (default 200)")
    parser.add_argument("--mode", type=Mode, default=Mode.ASK, help="the mode that they are run in (default ask)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print so many of what was wrong")
    given = parser.parse_args()
    lines = (given.data / "nl2bash-even.txt").read_text().splitlines()
    if given.suite in (None, "judged"):
        judged(lines, given.seed)
    if given.suite in (None, "run"):
        results = run(sampled(lines, given.run, given.seed), given.mode)
        counted(results, given.mode, given.seed, given.show)


if __name__ == "__main__":
    main()
