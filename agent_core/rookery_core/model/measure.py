"""How fast one model reads and writes here, with how many threads: measured in a process of its own.

Run as a module with `LoadOptions` as JSON and the seconds to measure in; prints one JSON object a line for `speed`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rookery_core.errors import RookeryError
from rookery_core.model.base import LoadOptions
from rookery_core.model.expanded import expand, suits
from rookery_core.model.llama import Batch, Context, Shape
from rookery_core.model.weights import Weights, log

N_READ = 64
DEPTH = 256
"""Tokens before those that are measured, as many as a short conversation has."""
_NEIGHBOUR = "import os, sys\nwhile os.getppid() == int(sys.argv[1]):\n    sum(range(100_000))\n"


def threads() -> list[int]:
    """Numbers of threads that are worth trying here: powers of two, and all cores."""
    cores = os.cpu_count() or 1
    return sorted({n for n in (1, 2, 4, 8, 16, 32) if n < cores} | {min(cores, 64)})


def main() -> None:
    """Measure, and print what is found as it is found."""
    log()
    options, budget_s = LoadOptions(**json.loads(sys.argv[1])), float(sys.argv[2])
    weights = Weights(Path(options.path))
    _say(about={"n_bytes": weights.n_bytes, "n_params": weights.n_params, "cores": os.cpu_count() or 1})
    formats = {"installed": weights}
    if options.expanded and (format := suits(weights)):
        made = expand(weights, format, Path(options.expanded), os.cpu_count() or 1)
        if made is not None:
            formats["expanded"] = Weights(made.path)
            _say(expanded={"to": made.format.name, "n_bytes": formats["expanded"].n_bytes, "kl": made.kl})
    cells = [(n, name, busy) for n in threads() for name in formats for busy in (False, True)]
    contexts = {name: Context(each, Shape(1024, 1, N_READ, 1, 1)) for name, each in formats.items()}
    seconds = budget_s / len(cells) / 2
    began = time.perf_counter()
    for n, name, busy in cells:
        if not busy and time.perf_counter() - began > budget_s:
            return  # with so many threads it is slow, or the machine is; more would not be better
        with _neighbour(busy):
            read, write = _speeds(contexts[name], formats[name], n, seconds)
        _say(row={"format": name, "threads": n, "busy": busy, "read": read, "write": write})


def _speeds(context: Context, weights: Weights, n_threads: int, seconds: float) -> tuple[float, float]:
    """Tokens read and tokens written in a second."""
    text = weights.tokenize("The quick brown fox jumps over the lazy dog. " * 100, False)
    context.set_threads(n_threads, n_threads)
    context.drop(0)
    for start in range(0, DEPTH, N_READ):
        _decode(context, text[start : start + N_READ], start)

    def rate(step: int) -> float:
        done, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < seconds or not done:
            _decode(context, text[DEPTH + done % 256 :][:step], DEPTH + done % 256)
            done += step
            if done % 256 == 0:
                context.cut(0, DEPTH)
        context.cut(0, DEPTH)
        return done / spent

    return rate(N_READ), rate(1)


def _decode(context: Context, tokens: tuple[int, ...], start: int) -> None:
    batch = Batch()
    batch.add(0, start, tokens, logits=True)
    context.decode(batch)


@contextmanager
def _neighbour(busy: bool) -> Iterator[None]:
    """Another program that keeps one core busy meanwhile, if that is wanted."""
    if not busy:
        yield
        return
    process = subprocess.Popen([sys.executable, "-c", _NEIGHBOUR, str(os.getpid())])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _say(**values: Any) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    try:
        main()
    except RookeryError as exc:
        _say(failed=str(exc))
