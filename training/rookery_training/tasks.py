"""Writes held-out scenarios as cases for `rookery eval tasks --cases`, so that a choice can be made on whole turns.

`python -m rookery_training.tasks --n 80 --out dev-tasks.jsonl`
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any

from rookery_core.tools.loader import installed
from rookery_core.tools.loader import load as load_plugins
from rookery_core.tools.registry import register
from rookery_training.held_out import HeldOut
from rookery_training.workspace import Scenarios
from rookery_training.workspace_play import Scenario


def case(made: Scenario, n: int) -> dict[str, Any] | None:
    """A scenario as a case; None where it needs notes, the time or a refusal, or nothing could be judged."""
    tools = {step.tool for step in made.steps}
    if made.notes or "clock" in tools or any(step.denied for step in made.steps):
        return None
    answer = [[said, f"{int(said):,}"] if said.isdigit() and len(said) > 3 else [said] for said in made.says]
    files: dict[str, Any] = {}
    for path, text in made.after.items():
        if path not in made.files:
            files[path] = {"contains": text}
        elif text != made.files[path] or "write_file" not in tools:
            files[path] = {"equals": text}
    if not answer and "write_file" not in tools:
        return None
    expect = {"answer_contains": answer, "files": files} if answer else {"files": files}
    group = " ".join(made.kind.split())
    return {
        "id": f"dev-{n}",
        "group": group,
        "goal": made.goal,
        "files": made.files,
        "allow": ["WRITE"],
        "expect": expect,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rookery_training.tasks", description=__doc__)
    parser.add_argument("--n", type=int, default=80)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    registry, _ = register([plugin for plugin in load_plugins(installed()).plugins if plugin.built_in])
    scenarios = Scenarios(registry, random.Random(options.seed), held_out=True)
    never = HeldOut()
    cases: list[dict[str, Any]] = []
    while len(cases) < options.n:
        made = scenarios.draw(registry.names)
        one = case(made, len(cases)) if made is not None and not never.has(made.goal) else None
        if one is not None:
            cases.append(one)
    options.out.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in cases), encoding="utf-8")
    print(f"{len(cases)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
