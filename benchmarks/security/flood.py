"""Programs that print far too much, and folders with far too many files: what is kept, how much memory that takes, and
how long the event loop is held up.

python benchmarks/security/flood.py [--bytes N] [--files N] [--kind NAME] [--screen] [--json FILE]

Each kind is run in a fresh process of this script, in which it is looked how far the memory grew over what a small run
took (less than 64 MB), the longest that a timer of 10 ms was late meanwhile (less than 100 ms above what it was right
before, with nothing to do, as on a busy machine), and whether head, tail and the count of what lies between make up all
that was printed (64 KiB at most are kept). `work` is the most processor time between two ticks, which is what a tick
would have been late by on a machine of one's own. With `--screen` the call is made by a turn in the full-screen
program, and what is late is what a person would wait for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rookery_core.plugin import Tool
from rookery_core.testing import run_tool
from rookery_plugins.files.reading import list_files
from rookery_plugins.files.searching import find_files, search_files
from rookery_plugins.shell import shell_tool

GIB = 2**30
TICK_S = 0.01
KINDS = {
    "one line": "head -c {n} /dev/zero | tr '\\0' x",
    "many lines": "yes 'a line of text' | head -c {n}",
    "zero bytes": "head -c {n} /dev/zero",
    "escapes": "yes \"$(printf '\\033]0;title\\007\\033[2J\\033[?1049l')\" | head -c {n}",
    "not UTF-8": "head -c {n} /dev/zero | tr '\\0' '\\377'",
    "standard error": "yes 'a line of text' | head -c {n} >&2",
    "a line of 1 MB": "head -c 1000000 /dev/zero | tr '\\0' x",
}
"""What is printed, by a command."""
FOLDERS: Mapping[str, tuple[Tool, Mapping[str, str]]] = {
    "files listed": (list_files, {}),
    "files found": (find_files, {"pattern": "*.txt"}),
    "files searched": (search_files, {"text": "text"}),
}
"""What is done in a folder with many files."""
MOST_MEMORY = 64_000_000
MOST_LATE_S = 0.1
MOST_KEPT = 64 * 1024
IDLE_S = 3.0
"""How long the timer runs with nothing to do."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one call."""

    output: str
    took_s: float
    most: int
    """Bytes of memory, at most."""
    latest_s: float
    """How late the latest tick was."""
    work_s: float
    """The most processor time that this process took between two ticks."""


def rss_bytes() -> int:
    """The memory of this process that is in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class Watch:
    """A timer, and what it noticed so far."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.most, self.latest_s, self.work_s, self.begun = 0, 0.0, 0.0, time.perf_counter()

    def seen(self, output: str) -> Seen:
        return Seen(output, time.perf_counter() - self.begun, self.most, self.latest_s, self.work_s)

    @asynccontextmanager
    async def ticking(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _tick(self) -> None:
        due, worked = time.perf_counter(), time.process_time()
        while True:
            due = max(due + TICK_S, time.perf_counter())
            await asyncio.sleep(due - time.perf_counter())
            self.work_s, worked = max(self.work_s, time.process_time() - worked), time.process_time()
            self.latest_s = max(self.latest_s, time.perf_counter() - due)
            self.most = max(self.most, rss_bytes())


def call_of(kind: str, n: int) -> tuple[Tool, dict[str, str]]:
    """The tool, and what it is called with."""
    if kind in FOLDERS:
        tool, arguments = FOLDERS[kind]
        return tool, dict(arguments)
    return shell_tool(limit_s=600), {"command": KINDS[kind].format(n=n)}


async def idle_s() -> float:
    """How late the timer is when there is nothing to do."""
    watch = Watch()
    async with watch.ticking():
        await asyncio.sleep(IDLE_S)
    return watch.latest_s


async def watched(kind: str, n: int, folder: Path | None = None) -> Seen:
    """The call alone."""
    tool, arguments = call_of(kind, n)
    watch = Watch()
    async with watch.ticking():
        finished = await run_tool(tool, arguments, workspace=folder)
        return watch.seen(finished.output)


async def watched_on_screen(kind: str, sizes: Sequence[int], folder: Path) -> list[Seen]:
    """The call of each size by a turn in the full-screen program."""
    from rookery_core.approval.policy import Answerer, Approver
    from rookery_core.assistant import Assistant
    from rookery_core.compose import build
    from rookery_core.config import Config
    from rookery_core.equipment import Options
    from rookery_core.events import Event, ToolFinished
    from rookery_core.paths import Paths
    from rookery_core.testing import ScriptedModel
    from rookery_core.tools.gathering import Offers
    from rookery_core.tools.loader import OWN_DISTRIBUTION, Loaded, LoadedPlugin
    from rookery_tui.app import RookeryApp

    tool, _ = call_of(kind, 0)
    script = []
    for n in sizes:
        call = f"Action: {tool.name}\nInput: {json.dumps(call_of(kind, n)[1])}"
        script += [f"Thought: It is asked for.\n{call}", "Thought: I know it.\nAnswer: Done."]
    outputs: list[str] = []
    model = ScriptedModel(script)
    loaded = Loaded((LoadedPlugin(tool.name, OWN_DISTRIBUTION, Offers(tools=(tool,))),), ())

    def make(approver: Approver, answerer: Answerer) -> Assistant:
        options = Options(workspace=folder, allow=("read", "execute"))
        return build(Config(), paths, options, approver=approver, model=[model], plugins=loaded)

    with tempfile.TemporaryDirectory() as home:
        paths = Paths.find({"ROOKERY_HOME": home})
        app, watch, found = RookeryApp(make), Watch(), []
        async with app.run_test(size=(120, 36)) as pilot:
            while app.conversation is None or app.conversation.assistant is None or app.conversation.busy:
                await pilot.pause(TICK_S)
            show = app.main.show

            async def kept(event: Event) -> None:
                if isinstance(event, ToolFinished):  # of a long output the model reads a part, and the whole is kept
                    assert app.conversation is not None
                    assert app.conversation.assistant is not None
                    lender = app.conversation.assistant.tools.lender
                    whole = lender.artifacts(event.session, "").get(event.artifact) if event.artifact else event.output
                    outputs.append(whole)
                await show(event)

            app.main.show = kept  # type: ignore[method-assign]
            async with watch.ticking():
                for n in range(len(sizes)):
                    watch.begin()
                    app.conversation.send("go")
                    while len(outputs) <= n or app.conversation.busy:  # noqa: ASYNC110 - there is no event for it
                        await asyncio.sleep(TICK_S)
                    await pilot.pause()
                    found.append(watch.seen(outputs[n]))
    return found


def kept_and_dropped(output: str) -> tuple[int, int]:
    """The bytes that are in an output, and those that it says are not."""
    text = output.removesuffix("\n[exit code 0]")
    mark = re.search(r"\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n", text)
    assert mark, output[-200:]
    return len((text[: mark.start()] + text[mark.end() :]).replace("\ufffd", "?").encode()), int(mark[1])


async def child(kind: str, n: int, folder: Path, *, screen: bool) -> Mapping[str, Any]:
    """Run one kind: what was seen."""
    idle = await idle_s()
    if screen:
        small, seen = await watched_on_screen(kind, (100_000, n), folder)
    else:
        small, seen = await watched(kind, 100_000, folder), await watched(kind, n, folder)
    unaccounted = 0
    if kind in KINDS:
        unaccounted = (1_000_000 if "1 MB" in kind else n) - sum(kept_and_dropped(seen.output))
    return {
        "kind": kind,
        "s": seen.took_s,
        "memory": seen.most - small.most,
        "latest_s": seen.latest_s,
        "idle_s": idle,
        "work_s": seen.work_s,
        "kept": len(seen.output.encode()),
        "unaccounted": unaccounted,
        "end": seen.output[-100:],
    }


def wrong(seen: Mapping[str, Any]) -> list[str]:
    """What is not as it should be."""
    limits = {
        "memory": seen["memory"] < MOST_MEMORY,
        "late": seen["latest_s"] - seen["idle_s"] < MOST_LATE_S,
        "kept": seen["kept"] <= MOST_KEPT,
        "unaccounted": 0 <= seen["unaccounted"] <= 1,  # the end's line feed is not kept
    }
    return [name for name, holds in limits.items() if not holds]


def main() -> int:
    """Print a line for each kind; exit 1 where one is beyond a limit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bytes", type=int, default=GIB)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--kind", choices=[*KINDS, *FOLDERS])
    parser.add_argument("--screen", action="store_true", help="by a turn in the full-screen program")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(os.path.realpath(made))
            for number in range(given.files if given.kind in FOLDERS else 0):
                (folder / f"{number:06}.txt").write_text(f"a line of text, {number}\n")
            print(json.dumps(asyncio.run(child(given.kind, given.bytes, folder, screen=given.screen))))
        return 0
    found = []
    for kind in [given.kind] if given.kind else [*KINDS, *FOLDERS]:
        command = [sys.executable, __file__, *sys.argv[1:], "--child", f"--kind={kind}"]
        seen = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
        found.append({**seen, "wrong": wrong(seen)})
        print(
            f"{kind:16} {seen['s']:6.1f} s  memory +{seen['memory'] / 1e6:.1f} MB  "
            f"latest tick {1000 * seen['latest_s']:.0f} ms, idle {1000 * seen['idle_s']:.0f}, "
            f"work {1000 * seen['work_s']:.0f}  "
            f"kept {seen['kept']}, unaccounted {seen['unaccounted']}"
            f"{'  BEYOND: ' + ', '.join(found[-1]['wrong']) if found[-1]['wrong'] else ''}",
            flush=True,
        )
    n, bad = len(found), sum(bool(each["wrong"]) for each in found)
    print(f"N = {n}: {bad} beyond a limit{'' if bad else f', upper bound {min(1, 3 / n):.0%}'}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
