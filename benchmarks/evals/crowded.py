"""Decisions among many installed tools: the cases of a group, with tools of other cases put beside their own.

python -m benchmarks.evals.crowded --tools 100 --out crowded.jsonl [--group unseen-6]

`rookery eval decisions --cases crowded.jsonl` then tells what is left when the program has to find those that fit.
"""

from __future__ import annotations

import argparse
import json
import random
from importlib.resources import files
from pathlib import Path
from typing import Any

CASES = files("rookery_core.evals") / "cases" / "decisions.jsonl"


def crowded(cases: list[dict[str, Any]], group: str, n_tools: int, seed: int = 0) -> list[dict[str, Any]]:
    """The cases of a group with so many tools each, in the order of their names; the same for the same seed.

    A tool that another case of the group expects is as likely beside them as any other.
    """
    everything = {tool["name"]: tool for case in cases for tool in case["tools"]}
    made = []
    for case in cases:
        if case["group"] != group:
            continue
        own = {tool["name"]: tool for tool in case["tools"]}
        others = [name for name in sorted(everything) if name not in own]
        rng = random.Random(f"{seed} {case['id']}")
        beside = rng.sample(others, min(len(others), max(0, n_tools - len(own))))
        tools = {**own, **{name: everything[name] for name in beside}}
        named = f"{group} of {n_tools}"
        made.append(
            {**case, "id": f"{case['id']}-{n_tools}", "group": named, "tools": [tools[n] for n in sorted(tools)]}
        )
    return made


def main() -> None:
    """Write the cases."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--tools", type=int, required=True, metavar="N")
    parser.add_argument("--group", default="unseen-6")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.jsonl")
    given = parser.parse_args()
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = [json.dumps(case, ensure_ascii=False) for case in crowded(cases, given.group, given.tools)]
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
