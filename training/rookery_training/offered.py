"""Measures whether the program offers what requests need, on those kept for development.

python -m rookery_training.offered [--turns 400] [--seed 11]
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Set

from rookery_core.tools.discovery import Discovery
from rookery_core.tools.registry import Registry
from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import Scene, fill, furnish, load
from rookery_training.generate import split
from rookery_training.offers import WEB
from rookery_training.workspace import Scenarios

Needed = tuple[str, Set[str]]
"""A request, and the names of the tools that it takes."""


def turns(tools: Registry, n: int, rng: random.Random) -> Iterator[Needed]:
    """Whole turns in folders with files."""
    scenarios = Scenarios(tools, rng, held_out=True)
    for _ in range(n):
        if (made := scenarios.draw(tools.names)) is not None:
            yield made.goal, {step.tool for step in made.steps}


def requests(tools: Registry, rng: random.Random) -> Iterator[Needed]:
    """Every way to ask for one built-in tool."""
    for tool in split(load(), held_out=True).domain("builtin"):
        for ask in tool.asks if tool.name in tools.names else ():
            scene: Scene = {}
            furnish(scene, ask.slots, rng)
            furnish(scene, tool.kinds, rng)
            yield fill(ask.say, scene, rng, said=True), {tool.name}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rookery_training.offered", description=__doc__)
    parser.add_argument("--turns", type=int, default=400)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    tools = Registry(offered for offered in built_in_tools() if offered.name not in WEB)
    discovery = Discovery(tools)
    for name, asked in (("turns", list(turns(tools, options.turns, rng))), ("requests", list(requests(tools, rng)))):
        for size in (8, 10, 12):
            lacking = [needed - {*discovery.select(text, size).names} for text, needed in asked]
            missing = Counter(tool for lacks in lacking for tool in lacks)
            share = sum(not lacks for lacks in lacking) / len(asked)
            told = ", ".join(f"{tool} {n}" for tool, n in missing.most_common(6))
            print(f"{name:10}{len(asked):4}  {size:2} of {len(tools)}: {share:.3f} have all they need; missing: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
