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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import overhead


@dataclass(frozen=True)
class Result:
    """One line of the table."""

    name: str
    figure: float
    target: float
    passed: bool
    detail: str


@dataclass(frozen=True)
class Benchmark:
    """A measurement and the most its figure may be."""

    measure: Callable[[bool], Awaitable[tuple[float, str]]]
    """Given whether to be quick, the figure and what it is made of."""
    at_most: float


BENCHMARKS = {"overhead": Benchmark(overhead.measure, 0.02)}


async def run(names: list[str], quick: bool) -> list[Result]:
    """Measure one after another, printing each line as it is known."""
    results = []
    for name in names:
        benchmark = BENCHMARKS[name]
        figure, detail = await benchmark.measure(quick)
        result = Result(name, figure, benchmark.at_most, figure <= benchmark.at_most, detail)
        verdict = "pass" if result.passed else "miss"
        print(f"{name:<12}  {figure:8.4f}  <= {benchmark.at_most:g}  {verdict}  ({detail})", flush=True)
        results.append(result)
    return results


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=sorted(BENCHMARKS), help="just this one")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else sorted(BENCHMARKS)
    results = asyncio.run(run(names, arguments.quick))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
