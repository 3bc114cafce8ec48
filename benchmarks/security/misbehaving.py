"""Programs that misbehave, run by the tools and cancelled: how many processes are left, and how soon they are gone.

python benchmarks/security/misbehaving.py [--runs N] [--kind NAME] [--json FILE]

Each kind is run by `shell` and, as a child of its code, by `python`, which sets apart what it runs. A run is given time
to start everything, then its call is cancelled; kinds that end by themselves are waited for. Then no process may be
left that has the run's mark in its environment or its arguments, and the next call must work.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rookery_core.plugin import Tool
from rookery_core.testing import run_tool
from rookery_plugins.python import python
from rookery_plugins.shell import shell

PATIENCE_S = 20.0
BEAT_S = 0.05
SETTLE_S = 0.2
PYTHON = sys.executable

HOPS = """
import os
beat = os.open(os.environ["READY"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while True:
    if os.fork():
        os._exit(0)
    os.setsid()
    os.write(beat, b".")
"""
"""Is a new process in a new session before anybody can look at the old one; that its file grows shows that it lives."""

KINDS = {
    # MARK is in the environment, and for those that clear it in the arguments
    "hang": "touch $READY; sleep 1000",
    "ignores TERM": "trap '' TERM INT HUP; touch $READY; while :; do sleep 1; done",
    "setsid, double fork": "setsid sh -c '(sleep 1000 &) ; (setsid sleep 1000 &)'; touch $READY; sleep 1000",
    "nohup": "nohup sleep 1000 >/dev/null 2>&1 & touch $READY; sleep 1000",
    "clean environment": "env -i setsid sh -c 'sleep 1000; : '$MARK & touch $READY; sleep 1000",
    "fork bomb of 500": "i=0; while [ $i -lt 500 ]; do sleep 1000 & i=$((i+1)); done; touch $READY; wait",
    "fork bomb, a tree": "f() { if [ $1 -gt 0 ]; then f $(($1-1)) & f $(($1-1)) & fi; wait; sleep 1000; }; "
    "touch $READY; f 7",
    "fork bomb, sessions": "i=0; while [ $i -lt 100 ]; do setsid sleep 1000 & i=$((i+1)); done; touch $READY; wait",
    "closes its output": "exec >&- 2>&-; touch $READY; sleep 1000",
    "floods": "touch $READY; yes",
    "stops itself": "sleep 1000 & touch $READY; kill -STOP $$",
    "sleeps in C": f"touch $READY; exec {PYTHON} -c 'import ctypes; ctypes.CDLL(None).sleep(1000)'",
    "hops": f"{PYTHON} -c '{HOPS}' & sleep 1000",
    "writes after its end": "(while :; do echo x; sleep 0.01; done) & exit 0",
    "segfault": f"setsid sleep 1000 & exec {PYTHON} -c 'import ctypes; ctypes.string_at(0)'",
    "ends without a result": "setsid sh -c 'exec >&- 2>&-; sleep 1000' & exit 0",
    "ends its parent": "setsid sleep 1000 & kill -9 $PPID || exit; sleep 1000",  # in a sandbox it may not
    "ends all above": "setsid sleep 1000 & kill -9 $PPID $(ps -o ppid= -p $PPID); sleep 1000",
}
ENDS = {"writes after its end", "segfault", "ends without a result", "ends its parent", "ends all above"}


def left_over(mark: str) -> list[int]:
    """The living processes that have the mark in their environment or their arguments."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            texts = [Path("/proc", name, part).read_bytes() for part in ("environ", "cmdline")]
            dead = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            continue
        if not dead and any(mark.encode() in text for text in texts):
            found.append(int(name))
    return found


def wait_started(ready: Path, call: asyncio.Task[Any]) -> None:
    """Wait until everything is started, or the call has ended."""
    while not ready.exists() and not call.done():
        time.sleep(0.01)
    time.sleep(SETTLE_S)


def wait_gone(mark: str, ready: Path) -> list[int]:
    """What is left in the end; a process of unknown id where the file grows."""
    until = time.perf_counter() + PATIENCE_S
    while True:
        left = left_over(mark)
        if not left and ready.exists() and (size := ready.stat().st_size):
            time.sleep(BEAT_S)
            left = [0] if ready.stat().st_size > size else []
        if not left or time.perf_counter() > until:
            return left
        time.sleep(0.005)


def call_of(tool: Tool, command: str) -> dict[str, str]:
    """The arguments with which a tool runs the command."""
    if tool.name == "python":
        return {"code": f"import subprocess\nsubprocess.run(['/bin/sh', '-c', {command!r}])"}
    return {"command": command}


async def one(tool: Tool, kind: str) -> dict[str, float]:
    """Run one kind once: what was left when the call had ended, how long that took, and whether the next call works."""
    mark = f"mark-{secrets.token_hex(8)}"
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready")
        command = f"export MARK={mark} READY={ready}\n{KINDS[kind]}"
        begun, most = time.perf_counter(), 0
        call = asyncio.create_task(run_tool(tool, call_of(tool, command), workspace=Path(folder)))
        if kind not in ENDS:
            await asyncio.to_thread(wait_started, ready, call)
            most = len(left_over(mark))
            begun = time.perf_counter()
            call.cancel()
        await asyncio.wait([call], timeout=PATIENCE_S)
        left = await asyncio.to_thread(wait_gone, mark, ready)
        gone_s = time.perf_counter() - begun
        after = await run_tool(shell, {"command": "echo works"}, workspace=Path(folder))
        works = after.output == "works\n[exit code 0]"
        return {"gone_s": gone_s, "left": len(left), "most": most, "next": works}


def line(name: str, found: list[Mapping[str, float]]) -> str:
    """The runs of one kind in words."""
    seconds = sorted(each["gone_s"] for each in found)
    p95 = seconds[max(math.ceil(0.95 * len(seconds)) - 1, 0)]
    left, most, works = (
        f"{op(each[key] for each in found)}" for op, key in ((sum, "left"), (max, "most"), (sum, "next"))
    )
    return (
        f"{name:34} {len(found):4} runs  {left:>3} left  at most {most:>4} at once  "
        f"gone after {statistics.median(seconds):5.2f} s, p95 {p95:5.2f} s  next call works {works}"
    )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=6, help="of each kind with each tool")
    parser.add_argument("--kind", choices=sorted(KINDS))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    everything: dict[str, list[Mapping[str, float]]] = {}
    for tool in (shell, python):
        for kind in [given.kind] if given.kind else KINDS:
            name = f"{tool.name}: {kind}"
            everything[name] = [await one(tool, kind) for _ in range(given.runs)]
            print(line(name, everything[name]), flush=True)
    cancelled = [each for name, found in everything.items() if name.partition(": ")[2] not in ENDS for each in found]
    print(line("all", [each for found in everything.values() for each in found]))
    if cancelled:
        print(line("all that were cancelled", cancelled))
    if given.json:
        given.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
