"""Programs that print far too much: what is kept, how much memory that takes, and how long the event loop is held up.

python benchmarks/security/flood.py [--bytes N] [--kind NAME]

Each kind is run by `shell` in a fresh process of this script, which says how far its memory grew over what a small run
took, the longest that a timer of 10 ms was late meanwhile, and whether head, tail and the count of what lies between
make up all that was printed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import time
from pathlib import Path

from rookery_core.testing import run_tool
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


def rss_bytes() -> int:
    """The memory of this process that is in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def watched(command: str) -> tuple[str, float, int, float]:
    """The output of a command, the seconds it took, the most memory meanwhile, and the latest tick."""
    most, latest, over = 0, 0.0, False

    async def tick() -> None:
        nonlocal most, latest
        due = time.perf_counter()
        while not over:
            due = max(due + TICK_S, time.perf_counter())
            await asyncio.sleep(due - time.perf_counter())
            latest = max(latest, time.perf_counter() - due)
            most = max(most, rss_bytes())

    ticking = asyncio.create_task(tick())
    begun = time.perf_counter()
    finished = await run_tool(shell_tool(limit_s=600), {"command": command})
    took_s = time.perf_counter() - begun
    over = True
    await ticking
    return finished.output, took_s, most, latest


def kept_and_dropped(output: str) -> tuple[int, int]:
    """The bytes that are in an output, and those that it says are not."""
    text = output.removesuffix("\n[exit code 0]")
    mark = re.search(r"\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n", text)
    assert mark, output
    return len((text[: mark.start()] + text[mark.end() :]).replace("\ufffd", "?").encode()), int(mark[1])


async def child(kind: str, n: int) -> None:
    await watched(KINDS[kind].format(n=100_000))
    small = rss_bytes()
    output, took_s, most, latest = await watched(KINDS[kind].format(n=n))
    kept, dropped = kept_and_dropped(output)
    n = 1_000_000 if "1 MB" in kind else n
    missing = n - kept - dropped  # the end's line feed is not kept
    print(
        f"{kind:16} {n / 1e6:.0f} MB in {took_s:5.1f} s  memory +{(most - small) / 1e6:.1f} MB  "
        f"latest tick {1000 * latest:.0f} ms  kept {kept}, dropped {dropped}, unaccounted {missing}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bytes", type=int, default=GIB)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        asyncio.run(child(given.kind, given.bytes))
        return
    for kind in [given.kind] if given.kind else KINDS:
        command = [sys.executable, __file__, "--child", f"--bytes={given.bytes}", f"--kind={kind}"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
