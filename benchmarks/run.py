"""Measure what Rookery promises about speed: one line a benchmark, `NAME  figure  target  pass|miss`.

    python benchmarks/run.py [--only NAME] [--quick] [--json FILE]

Every figure is a ratio taken within one run, so that it means the same on a slow machine and on a fast one. A miss is
a result, not an error: the exit status is 0.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import constrained
import decode
import formats
import framework
import interface
import overhead
import plugins
import prefix
import process
import voting
from kit import Skipped


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    name: str
    figure: float | None
    """None: it was skipped, and `detail` says why."""
    target: float
    passed: bool | None
    detail: str

    def __str__(self) -> str:
        if self.figure is None:
            return f"{self.name:<15}  skipped ({self.detail})"
        verdict = "pass" if self.passed else "miss"
        return f"{self.name:<15}  {self.figure:8.4f}  <= {self.target:<5.3g}  {verdict}  ({self.detail})"


@dataclass(frozen=True)
class Benchmark:
    """A measurement and the most its figure may be."""

    measure: Callable[[bool], Awaitable[tuple[float, str]]]
    """Given whether to be quick, the figure and what it is made of."""
    at_most: float


BENCHMARKS = {
    "decode": Benchmark(decode.measure, 1 / 0.97),
    "constrained-5": Benchmark(partial(constrained.measure, 5), 0.95),
    "constrained-20": Benchmark(partial(constrained.measure, 20), 0.95),
    "constrained-100": Benchmark(partial(constrained.measure, 100), 1.0),
    "grammar-compile": Benchmark(constrained.compile_again, 0.02),
    "format": Benchmark(partial(formats.measure, 256), 1 / 3),
    "format-2k": Benchmark(partial(formats.measure, 2000), 1 / 2.2),
    "grow": Benchmark(prefix.grow, 0.15),
    "grow-llama": Benchmark(prefix.grow_llama, 1.0),
    "alternate": Benchmark(prefix.alternate, 0.12),
    "vote-5": Benchmark(partial(voting.votes, 5), 0.30),
    "vote-16": Benchmark(partial(voting.votes, 16), 0.22),
    "vote-batch": Benchmark(voting.batch, 0.55),
    "resume": Benchmark(prefix.resume, 0.07),
    "stop": Benchmark(interface.stop, 1.0),
    "lag": Benchmark(interface.lag, 1.0),
    "first-token": Benchmark(process.first_token, 0.5),
    "framework": Benchmark(framework.measure, 1.0),
    "overhead": Benchmark(overhead.measure, 0.02),
    "plugin-start": Benchmark(plugins.start, 1.0),
    "plugin-call": Benchmark(plugins.call, 1.0),
    "plugin-crash": Benchmark(plugins.crash, 1.0),
    "help": Benchmark(process.help_text, 6.0),
}


async def measure(name: str, quick: bool) -> Result:
    """One line of the table."""
    benchmark = BENCHMARKS[name]
    try:
        figure, detail = await benchmark.measure(quick)
    except Skipped as exc:
        return Result(name, None, benchmark.at_most, None, str(exc))
    return Result(name, figure, benchmark.at_most, figure <= benchmark.at_most, detail)


async def run(names: list[str], quick: bool) -> list[Result]:
    """Measure one after another, printing each line as it is known."""
    results = []
    for name in names:
        results.append(await measure(name, quick))
        print(results[-1], flush=True)
    return results


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=BENCHMARKS, help="just this one")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else list(BENCHMARKS)
    results = asyncio.run(run(names, arguments.quick))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
